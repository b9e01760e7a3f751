"""What looks after messages beside their senders: those that got lost, those of people who come and who left."""

from __future__ import annotations

from chalicelib.engagement.notifications import held, preferences, sweeping
from chalicelib.engagement.notifications.sweeping import Swept
from chalicelib.identity.accounts.events import UserDeleted, UserRegistered
from chalicelib.platform.work import Grant, JobRun, Rate, consumer, job


@job("requeue-messages", every=Rate(minutes=5), grants=[Grant.TABLE_READ, Grant.SEND_MESSAGES], timeout=120)
def requeue_messages(run: JobRun) -> Swept:
    """Queue again what waits without being on any queue: handed over and lost, or its sender died."""
    return sweeping.sweep()


@consumer(on=[UserDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def erase_messages(event: UserDeleted) -> None:
    """Remove what was sent to somebody whose account is erased."""
    held.erase(event.user_id, event.recipients)


@consumer(on=[UserRegistered], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def keep_marketing_consent(event: UserRegistered) -> None:
    """Keep when somebody agreed to news, if that came with their registration."""
    if event.marketing_email:
        preferences.keep_consent(event.user_id, event.registered_at)
