"""Uploads in parts, for large files over poor lines (FILE-61): begun at init, completed by confirmation.

Each part has an address of its own, so that what breaks off is sent again alone; addresses that died are signed anew
for the parts that are missing. What nobody completes goes by the bucket's lifecycle.
"""

from __future__ import annotations

from datetime import timedelta

from chalicelib.content.files import storage
from chalicelib.content.files.configuration import UPLOAD_PART_BYTES, UPLOAD_PARTS_FROM_BYTES, UPLOAD_URL_TTL_SECONDS
from chalicelib.content.files.errors import NotInParts, UploadMismatch, UploadNotFound
from chalicelib.content.files.items import FileAsset, FileStatus
from chalicelib.content.files.schemas import MultipartUpload, UploadPart
from chalicelib.platform import clock


def begin(asset: FileAsset) -> None:
    """Let a large file come in parts too. One round trip; none for a small one."""
    if int(asset.size_bytes) > UPLOAD_PARTS_FROM_BYTES():
        asset.part_bytes = UPLOAD_PART_BYTES()
        asset.upload_id = storage.begin_parts(str(asset.object_key), content_type=str(asset.content_type))


def addresses(asset: FileAsset) -> MultipartUpload:
    """Addresses of the parts that are not there yet. One round trip.

    Raises ``NotInParts`` for a file that does not wait for parts.
    """
    if not asset.upload_id or asset.status != FileStatus.PENDING:
        raise NotInParts
    there = storage.parts(str(asset.object_key), str(asset.upload_id))
    if there is None:
        raise NotInParts
    return signed(asset, there)


def signed(asset: FileAsset, there: dict[int, storage.StoredPart]) -> MultipartUpload:
    """Addresses of all parts but those that are ``there``."""
    seconds = UPLOAD_URL_TTL_SECONDS()
    missing = [
        UploadPart(
            number=number,
            first_byte=(number - 1) * int(asset.part_bytes),
            size_bytes=length,
            url=storage.sign_part(str(asset.object_key), str(asset.upload_id), number, size=length, seconds=seconds),
        )
        for number, length in _lengths(asset).items()
        if number not in there or there[number].size != length
    ]
    return MultipartUpload(
        part_bytes=int(asset.part_bytes), parts=missing, expires_at=clock.now() + timedelta(seconds=seconds)
    )


def complete(asset: FileAsset) -> None:
    """Join the parts. Nothing to do where somebody just did.

    Raises ``UploadNotFound`` while none is there, ``UploadMismatch`` while some are missing.
    """
    there = storage.parts(str(asset.object_key), str(asset.upload_id))
    if there is None:
        return
    if not there:
        raise UploadNotFound
    if {number: part.size for number, part in there.items()} != _lengths(asset):
        found = sum(part.size for part in there.values())
        raise UploadMismatch({"declared": int(asset.size_bytes), "found": found})
    storage.join(str(asset.object_key), str(asset.upload_id), there)


def _lengths(asset: FileAsset) -> dict[int, int]:
    """The length of each part by its number, from 1."""
    usual = int(asset.part_bytes)
    whole, rest = divmod(int(asset.size_bytes), usual)
    lengths = dict.fromkeys(range(1, whole + 1), usual)
    return {**lengths, whole + 1: rest} if rest else lengths
