"""What can be set about mails that purchases cause."""

from __future__ import annotations

from chalicelib.platform import settings

STAFF_ALERT_ADDRESSES = settings.listing("STAFF_ALERT_ADDRESSES")
"""Who is written to when money waits for somebody to decide; empty: nobody."""
