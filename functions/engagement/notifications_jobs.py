"""What looks after messages beside their senders: those that got lost, and those of people who left."""

from __future__ import annotations

from chalicelib.engagement.notifications import held, sweeping
from chalicelib.engagement.notifications.sweeping import Swept
from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.platform.work import Grant, JobRun, Rate, consumer, job


@job("requeue-messages", every=Rate(minutes=5), grants=[Grant.TABLE_READ, Grant.SEND_MESSAGES], timeout=120)
def requeue_messages(run: JobRun) -> Swept:
    """Queue again what waits without being on any queue: handed over and lost, or its sender died."""
    return sweeping.sweep()


@consumer(on=[UserDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def erase_messages(event: UserDeleted) -> None:
    """Remove what was sent to somebody whose account is erased."""
    held.erase(event.user_id, event.recipients)
