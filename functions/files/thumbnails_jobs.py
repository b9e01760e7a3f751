"""Small pictures of what was uploaded."""

from __future__ import annotations

from chalicelib.content.files import thumbnails
from chalicelib.content.files.events import FileConfirmed
from chalicelib.platform.work import Grant, consumer


@consumer(
    on=[FileConfirmed],
    batch=1,
    memory=1024,
    timeout=120,
    storage=thumbnails.SCRATCH_MEBIBYTES,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.FILES_READ,
        Grant.FILES_UPLOAD,
        Grant.FILES_CONFIRM,
        Grant.FILES_REMOVE,
    ],
)
def make_thumbnail(event: FileConfirmed) -> None:
    """Make a confirmed file's thumbnail."""
    thumbnails.make(event.file_asset_id)
