"""What happens to readers outside of requests."""

from __future__ import annotations

from chalicelib.content.reading import forgetting
from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.platform.work import Grant, consumer


@consumer(on=[UserDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def forget_reader(event: UserDeleted) -> None:
    """Remove what somebody read, whose account was erased."""
    forgetting.forget_reader(event.user_id)
