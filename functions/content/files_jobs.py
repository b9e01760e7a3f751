"""What happens to files outside of requests."""

from __future__ import annotations

from chalicelib.content.files import confirmation
from chalicelib.content.files.schemas import InspectionMessage
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.work import Grant, worker


@worker(
    Queues.FILE_INSPECTIONS,
    batch=1,
    memory=1024,
    timeout=120,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.FILES_READ, Grant.FILES_CONFIRM, Grant.FILES_REMOVE],
)
def inspect_file(message: InspectionMessage) -> None:
    """Inspect a large upload and confirm or reject it."""
    confirmation.inspect_queued(message)
