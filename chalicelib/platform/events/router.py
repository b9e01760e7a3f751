"""The outbox: stream records become domain events, and each event goes to the queue of everyone who consumes it.

A handover goes to the one queue that it names.

Who consumes what is declared on the consumers; the deployment hands it to the router as ``EVENT_ROUTES``
(``{"OrderPlaced": ["follow-order"]}``), so that the router's container does not import every consumer.
"""

from __future__ import annotations

import json
import os
from functools import lru_cache
from typing import Any

from chalicelib.platform.events.changes import Handover, events_of
from chalicelib.platform.events.queues import Queue, event_body, send, send_raw
from chalicelib.platform.logs import event as log_event


@lru_cache(maxsize=4)
def _parsed(text: str) -> dict[str, list[str]]:
    return {str(name): list(queues) for name, queues in json.loads(text).items()}


def route(record: dict[str, Any]) -> None:
    """Send the events of one stream record on. Raises when a queue does not take one: the record comes again."""
    table = _parsed(os.environ["EVENT_ROUTES"])
    for event in events_of(record):
        if isinstance(event, Handover):
            send(event.queue, event.message, place=event.place)
            continue
        log_event("domain event", event=type(event).__name__, key=event.key)
        for name in table.get(type(event).__name__, ()):
            send_raw(Queue(name).physical, [event_body(event)])
