"""What follows from audit entries being written."""

from __future__ import annotations

from chalicelib.insight.audit_trail import copying
from chalicelib.insight.audit_trail.events import AuditWritten
from chalicelib.platform.work import Grant, consumer


@consumer(on=[AuditWritten], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def keep_history(event: AuditWritten) -> None:
    """Copy an entry to the history of what it is about."""
    copying.keep(event.entry_id)
