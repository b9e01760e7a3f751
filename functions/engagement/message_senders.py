"""What carries messages to people, a sender for each queue."""

from __future__ import annotations

from chalicelib.engagement.notifications import sending
from chalicelib.engagement.notifications.events import MessageToSend
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.work import Grant, worker

SENDER = [Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SEND_MAIL, Grant.SEND_MESSAGES]


@worker(Queues.MESSAGES_URGENT, batch=4, grants=[*SENDER, Grant.SECRET_DATA])
def send_urgent_message(message: MessageToSend) -> None:
    """Send a code, a link, a receipt: what somebody waits for."""
    sending.send(message)


@worker(Queues.MESSAGES_BULK, at_once=2, grants=SENDER)
def send_bulk_message(message: MessageToSend) -> None:
    """Send what goes to many, no faster than the provider allows."""
    sending.send(message)
