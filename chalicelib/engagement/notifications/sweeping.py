"""Messages that nobody is on the way to any more are queued again (NTF-44)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from chalicelib.engagement.notifications.events import MessageToSend, queue_of
from chalicelib.engagement.notifications.items import logged, utc_days
from chalicelib.platform import clock, store
from chalicelib.platform.events import queues
from chalicelib.platform.http import ResponseModel
from chalicelib.platform.messages import Message, Status

LOST_AFTER = timedelta(minutes=10)
LOOKED_BACK = timedelta(days=14)
"""As long as a queue keeps what it holds; what is older was given up by somebody who looked at it."""
MOST = 500


class Swept(ResponseModel):
    """How many were queued again."""

    queued: int


def sweep() -> Swept:
    """Queue what has been due for ten minutes, oldest days last, at most 500 a run.

    Due is a message from when it was put; after a failed try from its next one; while somebody sends it from the end of
    the lease. Queued twice it is still sent once: the lease decides.
    """
    count = 0
    for row in _lost():
        queues.send(queue_of(row["class"]), MessageToSend(message_id=row["id"]))
        count += 1
        if count == MOST:
            break
    return Swept(queued=count)


def _lost() -> Iterator[dict[str, str]]:
    now = clock.now()
    first = now - LOOKED_BACK
    latest = clock.iso(now - LOST_AFTER)
    at_once = clock.iso(now)
    for day in utc_days(first, now):
        for status, due in ((Status.QUEUED, latest), (Status.SENDING, at_once)):
            for message in store.every(logged(day, first, now, status)):
                row = message.row.as_dict() if isinstance(message, Message) and message.row is not None else None
                if row is not None and row["dueAt"] <= due:
                    yield row
