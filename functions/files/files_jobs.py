"""What happens to files outside of requests."""

from __future__ import annotations

from chalicelib.content.files import confirmation, removal, scans
from chalicelib.content.files.schemas import InspectionMessage, RemovalSummary
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.work import Cron, Grant, JobRun, Rate, job, worker


@worker(
    Queues.FILE_INSPECTIONS,
    batch=1,
    memory=2048,
    timeout=600,
    storage=1536,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.FILES_READ,
        Grant.FILES_UPLOAD,
        Grant.FILES_CONFIRM,
        Grant.FILES_REMOVE,
    ],
)
def inspect_file(message: InspectionMessage) -> None:
    """Inspect a large upload, make the copy that readers get, and confirm or reject it."""
    confirmation.inspect_queued(message)


@job(
    "remove-deleted-files",
    every=Cron("30 2 * * ? *"),
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.FILES_REMOVE, Grant.FILES_LIST],
    timeout=300,
)
def remove_deleted_files(run: JobRun) -> RemovalSummary:
    """Remove the bytes of files that were deleted a month ago."""
    return removal.remove_bytes(run)


@job(
    "fail-overdue-scans",
    every=Rate(minutes=5),
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.FILES_REMOVE],
    timeout=120,
)
def fail_overdue_scans(run: JobRun) -> RemovalSummary:
    """Reject files whose scan did not end within half an hour."""
    return scans.fail_overdue()
