"""Tickets of files (FILE-49): whoever shows somebody content with images hands them out with it."""

from __future__ import annotations

from chalicelib.platform.access import tickets
from chalicelib.platform.access.caller import Caller


def ticket_for(asset_id: str, caller: Caller) -> str:
    """What goes as ``?ticket=`` with an image of what the caller is shown just now: good for ten minutes.

    It is also the permission: the only one for an explanation's image (FILE-47), so it is given out with what shows the
    image, never before.
    """
    return tickets.issue(asset_id, caller.user_id, int(caller.card.token_version))
