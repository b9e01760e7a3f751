"""A message that was put to be sent goes to its sender, straight from the stream (NTF-40, NTF-53)."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from chalicelib.platform.events.changes import Change, Handover, translate
from chalicelib.platform.events.queues import Queue, Queues
from chalicelib.platform.messages import Message, MessageClass, Status

URGENT = frozenset({MessageClass.SECURITY.value, MessageClass.TRANSACTIONAL.value})


class MessageToSend(BaseModel):
    """What a sender's queue carries: which message, and nothing of it (NTF-52)."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)

    message_id: str


def queue_of(message_class: str) -> Queue:
    """Codes and receipts never wait behind bulk."""
    return Queues.MESSAGES_URGENT if message_class in URGENT else Queues.MESSAGES_BULK


@translate(Message)
def message_handover(change: Change[Message]) -> Iterator[Handover]:
    """A message inserted as QUEUED."""
    new = change.new
    if change.inserted and new is not None and new.status == Status.QUEUED:
        yield Handover(queue_of(new.message_class), MessageToSend(message_id=new.id))
