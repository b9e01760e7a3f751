"""What happens to readers' progress outside of requests."""

from __future__ import annotations

from chalicelib.content import progress
from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.platform.work import Grant, consumer


@consumer(on=[UserDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def forget_progress(event: UserDeleted) -> None:
    """Remove how far somebody got in notes, whose account was erased."""
    progress.forget_progress(event.user_id)
