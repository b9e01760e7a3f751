"""What carries messages to people: the senders of both queues, and who looks after what got lost."""

from __future__ import annotations

from chalicelib.engagement.notifications import held, sending, sweeping
from chalicelib.engagement.notifications.events import MessageToSend
from chalicelib.engagement.notifications.sweeping import Swept
from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.work import Grant, JobRun, Rate, consumer, job, worker

SENDER = [Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_DATA, Grant.SEND_MAIL, Grant.SEND_MESSAGES]


@worker(Queues.MESSAGES_URGENT, batch=4, grants=SENDER)
def send_urgent_message(message: MessageToSend) -> None:
    """Send a code, a link, a receipt: what somebody waits for."""
    sending.send(message)


@worker(Queues.MESSAGES_BULK, at_once=2, grants=SENDER)
def send_bulk_message(message: MessageToSend) -> None:
    """Send what goes to many, no faster than the provider allows."""
    sending.send(message)


@job("requeue-messages", every=Rate(minutes=5), grants=[Grant.TABLE_READ, Grant.SEND_MESSAGES], timeout=120)
def requeue_messages(run: JobRun) -> Swept:
    """Queue again what waits without being on any queue: handed over and lost, or its sender died."""
    return sweeping.sweep()


@consumer(on=[UserDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def erase_messages(event: UserDeleted) -> None:
    """Remove what was sent to somebody whose account is erased."""
    held.erase(event.user_id, event.recipients)
