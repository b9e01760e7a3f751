"""What happens to security's notes about people outside of requests."""

from __future__ import annotations

from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.insight.security import forgetting
from chalicelib.platform.work import Grant, consumer


@consumer(on=[UserDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def forget_bans(event: UserDeleted) -> None:
    """Remove the bans of somebody whose account was erased."""
    forgetting.forget_bans(event.user_id)
