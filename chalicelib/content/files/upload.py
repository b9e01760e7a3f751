"""Beginning an upload (FILE-01): the item first, then the address."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.content.files import parts, storage
from chalicelib.content.files.configuration import UPLOAD_URL_TTL_SECONDS
from chalicelib.content.files.errors import NotAnImage, SizeNotAllowed, TypeNotAllowed
from chalicelib.content.files.items import UNCONFIRMED_LIFE, FileAsset, FileStatus, index_keys, same_content
from chalicelib.content.files.purposes import IMAGES, PURPOSES, Purpose
from chalicelib.content.files.resources import asset_entity
from chalicelib.content.files.schemas import NewUpload, Upload, UploadAnswer
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import require
from chalicelib.platform.ids import new_ulid

_LOOKED_AT = 20

INIT = audit.AuditAction("file.init", "An upload was begun")


def begin(body: NewUpload, caller: Caller) -> UploadAnswer:
    """Write the file as PENDING and sign its one upload, or its parts where it is large.

    Raises ``TypeNotAllowed``, ``SizeNotAllowed``, ``NotAnImage`` (``alt`` of something else), or 403 when the caller's
    permissions do not go with the purpose. Two round trips; with a checksum one query more beside them (FILE-62).
    """
    purpose = PURPOSES[body.purpose]
    asset_id = new_ulid()
    require(caller, Actions.FILES_UPLOAD, asset_entity(asset_id, caller.user_id, purpose.name))
    content_type = body.content_type.lower()
    if content_type not in purpose.types:
        raise TypeNotAllowed
    limit = purpose.max_bytes()
    if not 0 < body.size_bytes <= limit:
        raise SizeNotAllowed({"maxBytes": limit})
    if body.alt is not None and content_type not in IMAGES:
        raise NotAnImage
    asset = _asset(asset_id, body, purpose, content_type, caller)
    parts.begin(asset)
    tx = store.Transaction()
    tx.put(asset, when=store.absent(FileAsset))
    audit.write(tx, INIT, asset_id, by=caller, meta={"purpose": purpose.name, "sizeBytes": body.size_bytes})
    tx.commit()
    return UploadAnswer(
        file_asset_id=asset_id,
        upload=_signed(asset),
        multipart=parts.signed(asset, {}) if asset.upload_id else None,
        max_bytes=limit,
        duplicate_of=_same(body.checksum_sha256, purpose.name),
    )


def _asset(asset_id: str, body: NewUpload, purpose: Purpose, content_type: str, caller: Caller) -> FileAsset:
    now, place = clock.now(), FileAsset.place(asset_id)
    asset = FileAsset(
        place.pk,
        place.sk,
        id=asset_id,
        purpose=purpose.name,
        object_key=purpose.object_key(asset_id, content_type, now),
        file_name=body.file_name,
        content_type=content_type,
        size_bytes=body.size_bytes,
        checksum=body.checksum_sha256,
        alt=body.alt,
        created_by_user_id=caller.user_id,
        created_at=now,
        ttl=int((now + UNCONFIRMED_LIFE).timestamp()),
    )
    for name, value in index_keys(asset).items():
        setattr(asset, name, value)
    return asset


def _signed(asset: FileAsset) -> Upload:
    seconds = UPLOAD_URL_TTL_SECONDS()
    url, headers = storage.sign_upload(
        str(asset.object_key),
        content_type=str(asset.content_type),
        size=int(asset.size_bytes),
        checksum=asset.checksum,
        seconds=seconds,
    )
    return Upload(url=url, headers=headers, expires_at=asset.created_at + timedelta(seconds=seconds))


def _same(checksum: str | None, purpose: str) -> str | None:
    """The oldest confirmed file of this checksum and purpose: a hint, no more."""
    if checksum is None:
        return None
    found = store.fetch(same_content(checksum), limit=_LOOKED_AT).items
    assets = store.get_many([FileAsset.place(str(one.gsi2sk)) for one in found], consistent=False) if found else []
    return next(
        (
            str(one.id)
            for one in assets
            if isinstance(one, FileAsset) and one.purpose == purpose and one.status == FileStatus.CONFIRMED
        ),
        None,
    )
