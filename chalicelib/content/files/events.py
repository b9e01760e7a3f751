"""What changes of files mean to others."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.content.files.items import FileAsset, FileStatus, ScanStatus
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class FileConfirmed(DomainEvent):
    """An upload was found sound: it may be used."""

    file_asset_id: str
    purpose: str

    @property
    def key(self) -> str:
        return self.file_asset_id


class FileRejected(DomainEvent):
    """An upload broke a rule, and its bytes are gone."""

    file_asset_id: str
    purpose: str

    @property
    def key(self) -> str:
        return self.file_asset_id


class FileWithdrawn(DomainEvent):
    """A file in use was found infected: whoever uses it must show it no more."""

    file_asset_id: str
    purpose: str

    @property
    def key(self) -> str:
        return self.file_asset_id


@translate(FileAsset)
def file_events(change: Change[FileAsset]) -> Iterator[DomainEvent]:
    """Told once, when it becomes so."""
    new = change.new
    if new is None:
        return
    told = {"file_asset_id": str(new.id), "purpose": str(new.purpose)}
    if change.became("status", FileStatus.CONFIRMED):
        yield FileConfirmed(**told)
    elif change.became("status", FileStatus.REJECTED):
        yield FileRejected(**told)
    elif new.status == FileStatus.CONFIRMED and change.became("scan_status", ScanStatus.INFECTED):
        yield FileWithdrawn(**told)
