"""Beginning an upload (FILE-01): the item first, then the address."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.content.files import storage
from chalicelib.content.files.errors import SizeNotAllowed, TypeNotAllowed
from chalicelib.content.files.items import UNCONFIRMED_LIFE, FileAsset, index_keys
from chalicelib.content.files.purposes import PURPOSES
from chalicelib.content.files.resources import asset_entity
from chalicelib.content.files.schemas import NewUpload, Upload, UploadAnswer
from chalicelib.platform import audit, clock, settings, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import require
from chalicelib.platform.ids import new_ulid

UPLOAD_URL_TTL_SECONDS = settings.integer("UPLOAD_URL_TTL_SECONDS", default=900, minimum=60, maximum=3_600)

INIT = audit.AuditAction("file.init", "An upload was begun")


def begin(body: NewUpload, caller: Caller) -> UploadAnswer:
    """Write the file as PENDING and sign its one upload.

    Raises ``TypeNotAllowed``, ``SizeNotAllowed``, or 403 when the caller's permissions do not go with the purpose.
    """
    purpose = PURPOSES[body.purpose]
    asset_id, now = new_ulid(), clock.now()
    require(caller, Actions.FILES_UPLOAD, asset_entity(asset_id, caller.user_id, purpose.name))
    content_type = body.content_type.lower()
    if content_type not in purpose.types:
        raise TypeNotAllowed
    limit = purpose.max_bytes()
    if not 0 < body.size_bytes <= limit:
        raise SizeNotAllowed({"maxBytes": limit})
    place = FileAsset.place(asset_id)
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
        created_by_user_id=caller.user_id,
        created_at=now,
        ttl=int((now + UNCONFIRMED_LIFE).timestamp()),
    )
    for name, value in index_keys(asset).items():
        setattr(asset, name, value)
    tx = store.Transaction()
    tx.put(asset, when=store.absent(FileAsset))
    audit.write(tx, INIT, asset_id, by=caller, meta={"purpose": purpose.name, "sizeBytes": body.size_bytes})
    tx.commit()
    seconds = UPLOAD_URL_TTL_SECONDS()
    url, headers = storage.sign_upload(
        str(asset.object_key),
        content_type=content_type,
        size=body.size_bytes,
        checksum=body.checksum_sha256,
        seconds=seconds,
    )
    upload = Upload(url=url, headers=headers, expires_at=now + timedelta(seconds=seconds))
    return UploadAnswer(file_asset_id=asset_id, upload=upload, max_bytes=limit)
