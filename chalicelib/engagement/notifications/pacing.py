"""Bulk keeps to what the provider allows a second, across all who send it (NTF-53); urgent mail never waits."""

from __future__ import annotations

import time

from chalicelib.engagement.notifications.configuration import MAIL_MAX_PER_SECOND
from chalicelib.engagement.notifications.events import queue_of
from chalicelib.platform import clock, context, store
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.http.limits import RateWindow
from chalicelib.platform.messages import Message

RESERVE_SECONDS = 20.0
"""What sending needs of the run's time, once it is a message's turn."""


def has_turn(message: Message) -> bool:
    """Wait until one more may leave; False when that is longer than this run lasts. One write a second waited."""
    if queue_of(message.message_class) is Queues.MESSAGES_URGENT:
        return True
    while context.current().remaining() > RESERVE_SECONDS:
        now = clock.now().timestamp()
        if _counted(int(now)) <= MAIL_MAX_PER_SECOND():
            return True
        time.sleep(int(now) + 1 - now)
    return False


def _counted(second: int) -> int:
    place = RateWindow.place("mails-in-bulk", "all", second)
    changes = [RateWindow.hits.add(1), RateWindow.kind.set(RateWindow), RateWindow.ttl.set(second + 60)]
    return int(store.update(RateWindow, place, changes).hits)
