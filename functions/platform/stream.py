"""The reader of the table's stream: it knows every domain's translations, and no consumer."""

from __future__ import annotations

from typing import Any

from chalicelib.platform.events.router import route
from chalicelib.platform.work import Grant, stream


@stream(grants=[Grant.STREAM, Grant.SEND_EVENTS])
def route_changes(record: dict[str, Any]) -> None:
    """Turn one change of an item into domain events and send each to its consumers."""
    route(record)
