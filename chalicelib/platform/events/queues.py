"""Queues, each with a dead-letter queue, and what is sent through them."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel

from chalicelib.platform import context, settings
from chalicelib.platform.aws import clients
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.logs import count_metric
from chalicelib.platform.records import frozen

SEND_BATCH = 10
FIFO = ".fifo"
DEAD = "-dlq"


@frozen
class Queue:
    """A queue: ``visibility`` seconds, and ``receives`` before a message goes to the dead-letter queue.

    One whose name ends in ``.fifo`` hands out the messages of a group one after another, in their order.
    """

    name: str
    visibility: int = 60
    receives: int = 5

    @property
    def physical(self) -> str:
        """Its name in this stage."""
        return f"pathshala-{settings.STAGE()}-{self.name}"

    @property
    def fifo(self) -> bool:
        """Whether its messages come in order."""
        return self.name.endswith(FIFO)

    @property
    def dead(self) -> str:
        """The name of its dead-letter queue, which is of the same sort."""
        return f"{self.name.removesuffix(FIFO)}{DEAD}{FIFO if self.fifo else ''}"


@frozen
class Place:
    """A message's place in an ordered queue.

    ``group``: its messages come one after another. ``once``: a second message of that name within five minutes is none.
    """

    group: str
    once: str


class Queues:
    """Queues that a use case sends to; consumers of domain events have queues of their own."""

    PAYMENT_EVENTS = Queue("payment-events", visibility=60, receives=5)
    MESSAGES_URGENT = Queue("messages-urgent", visibility=60, receives=5)
    MESSAGES_BULK = Queue("messages-bulk", visibility=60, receives=5)
    INVOICES = Queue("invoices.fifo", visibility=180, receives=8)
    INVOICE_FILES = Queue("invoice-files", visibility=180, receives=8)
    ROLE_CHANGES = Queue("role-changes", visibility=120, receives=10)
    FILE_INSPECTIONS = Queue("file-inspections", visibility=720, receives=6)
    SUBSCRIPTION_RUNS = Queue("subscription-runs", visibility=360, receives=10)


def all_queues() -> list[Queue]:
    """The queues above."""
    return [queue for queue in vars(Queues).values() if isinstance(queue, Queue)]


@lru_cache(maxsize=64)
def _url(physical: str) -> str:
    """The address of a queue; from ``QUEUE_URL_BASE`` where the deployment gives it, so that no call is needed."""
    base = os.environ.get("QUEUE_URL_BASE")
    if base:
        return f"{base}/{physical}"
    return str(clients.sqs().get_queue_url(QueueName=physical)["QueueUrl"])


def forget() -> None:
    """Ask for the addresses again (the local cloud, after a reset)."""
    _url.cache_clear()


def backlog(queue: Queue) -> int:
    """About how many messages wait in a queue; raises what the client raises."""
    asked = clients.sqs().get_queue_attributes(
        QueueUrl=_url(queue.physical), AttributeNames=["ApproximateNumberOfMessages"]
    )
    return int(asked["Attributes"]["ApproximateNumberOfMessages"])


def _body(data: BaseModel, event: str | None) -> str:
    message: dict[str, Any] = {
        "data": data.model_dump(mode="json", by_alias=True),
        "requestId": context.current().request_id,
    }
    if event:
        message["event"] = event
    return json.dumps(message, separators=(",", ":"))


def send(queue: Queue, message: BaseModel, *, delay: int = 0, place: Place | None = None) -> None:
    """Send one message; to an ordered queue with its ``place``. Raises ``Unavailable`` when the queue does not take it.

    An ordered queue knows no delay of a single message.
    """
    if queue.fifo != (place is not None) or (place is not None and delay):
        raise ValueError(f"{queue.name}: a place belongs to ordered queues, a delay to others")
    send_raw(queue.physical, [_body(message, None)], delay=delay, place=place)


def postpone(queue: Queue, receipt: str, seconds: int) -> None:
    """Hide a message that was received for so long; failing to leaves it the queue's own time-out."""
    try:
        clients.sqs().change_message_visibility(
            QueueUrl=_url(queue.physical), ReceiptHandle=receipt, VisibilityTimeout=seconds
        )
    except (BotoCoreError, ClientError):
        count_metric("NotPostponed")


def event_body(event: BaseModel) -> str:
    """A domain event as the message its consumers get."""
    return _body(event, type(event).__name__)


def send_raw(physical: str, bodies: Sequence[str], *, delay: int = 0, place: Place | None = None) -> None:
    """Send message bodies, ten a call; raises ``Unavailable`` if one of them is not taken."""
    for first in range(0, len(bodies), SEND_BATCH):
        how: dict[str, Any] = {"DelaySeconds": delay}
        if place is not None:
            how = {"MessageGroupId": place.group, "MessageDeduplicationId": place.once}
        entries = [
            {"Id": str(position), "MessageBody": body, **how}
            for position, body in enumerate(bodies[first : first + SEND_BATCH])
        ]
        try:
            answer = clients.sqs().send_message_batch(QueueUrl=_url(physical), Entries=entries)
        except (BotoCoreError, ClientError) as error:
            raise Unavailable from error
        if answer.get("Failed"):
            raise Unavailable
