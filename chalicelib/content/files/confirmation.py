"""Confirming an upload by what is really there (FILE-33 … FILE-38), in the request or by the worker (FILE-20)."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac

from pynamodb.expressions.update import Action

from chalicelib.content.files import inspection, pdfs, storage
from chalicelib.content.files.errors import FileNotFound, FileRefused, UploadMismatch, UploadNotFound
from chalicelib.content.files.examined import TakesLonger
from chalicelib.content.files.items import FileAsset, FileStatus
from chalicelib.content.files.schemas import InspectionMessage
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.events import queues
from chalicelib.platform.logs import alarm

INLINE_BYTES = 64 * 1024 * 1024
INLINE_SECONDS = 8
WORKER_SECONDS = 100
MAX_TRIES = 5

CONFIRM = audit.AuditAction("file.confirm", "An uploaded file was confirmed")
REJECT = audit.AuditAction("file.reject", "An uploaded file broke a rule and was removed")

_OPEN = (FileStatus.PENDING, FileStatus.INSPECTING)


def confirm(asset: FileAsset, caller: Caller) -> FileAsset:
    """The file as it is after looking at it: CONFIRMED, or INSPECTING when it is too large for a request.

    Raises ``UploadNotFound``, ``UploadMismatch`` (it stays PENDING), ``FileRefused`` (it is REJECTED now, or was
    before). Of parallel confirmations one changes the file and all answer the same.
    """
    if asset.status == FileStatus.PENDING:
        found = _uploaded(asset)
        asset = _now_or_later(asset, found, caller)
    if asset.status == FileStatus.REJECTED:
        raise FileRefused({"reason": str(asset.reject_reason)})
    return asset


def inspect_queued(message: InspectionMessage) -> None:
    """Look into a large file; what happened already is not done again. After five tries that broke it is REJECTED."""
    asset = store.get(FileAsset, FileAsset.place(message.file_asset_id))
    if asset is None or asset.status not in _OPEN:
        return
    tried = store.update(
        FileAsset, FileAsset.place(str(asset.id)), [FileAsset.tries.add(1)], when=store.present(FileAsset)
    )
    if int(tried.tries) > MAX_TRIES:
        alarm("file inspection failed", fileAssetId=str(asset.id))
        _reject(asset, str(tried.version_id or ""), inspection.FAILED, audit.SYSTEM)
        return
    found = storage.look(str(asset.object_key))
    if found is None or found.size != asset.size_bytes:
        _reject(asset, found.version_id if found else "", inspection.UNREADABLE, audit.SYSTEM)
    else:
        _decide(asset, found, WORKER_SECONDS, audit.SYSTEM)


def _uploaded(asset: FileAsset) -> storage.Found:
    found = storage.look(str(asset.object_key))
    if found is None:
        raise UploadNotFound
    if found.size != asset.size_bytes:
        raise UploadMismatch({"declared": int(asset.size_bytes), "found": found.size})
    return found


def _now_or_later(asset: FileAsset, found: storage.Found, caller: Caller) -> FileAsset:
    if found.size > INLINE_BYTES:
        return _later(asset, found)
    try:
        return _decide(asset, found, INLINE_SECONDS, caller)
    except TakesLonger:
        return _later(asset, found)


def _later(asset: FileAsset, found: storage.Found) -> FileAsset:
    # The message goes first: an asset that says INSPECTING always has somebody who inspects it.
    queues.send(queues.Queues.FILE_INSPECTIONS, InspectionMessage(file_asset_id=str(asset.id)))
    try:
        return store.update(
            FileAsset,
            FileAsset.place(str(asset.id)),
            [
                FileAsset.status.set(FileStatus.INSPECTING),
                FileAsset.version_id.set(found.version_id),
                FileAsset.ttl.remove(),
                FileAsset.version.add(1),
            ],
            when=FileAsset.status == FileStatus.PENDING,
        )
    except store.ConditionFailed:
        return _again(asset)


def _again(asset: FileAsset) -> FileAsset:
    current = store.get(FileAsset, FileAsset.place(str(asset.id)))
    if current is None:
        raise FileNotFound
    return current


def _decide(asset: FileAsset, found: storage.Found, seconds: int, by: Caller | audit.Actor) -> FileAsset:
    key, version_id = str(asset.object_key), found.version_id
    if not _checksum_holds(asset, found):
        raise UploadMismatch({"checksum": False})
    examined = pdfs.examine(asset, found, seconds)
    if examined.refused is not None:
        return _reject(asset, version_id, examined.refused, by)
    # Tagged before it is committed: a confirmed file must never be swept up as an abandoned upload.
    storage.confirm(key, version_id)
    tx = store.Transaction()
    tx.update(
        FileAsset,
        FileAsset.place(str(asset.id)),
        [
            FileAsset.status.set(FileStatus.CONFIRMED),
            FileAsset.version_id.set(version_id),
            FileAsset.confirmed_at.set(clock.now()),
            FileAsset.ttl.remove(),
            FileAsset.version.add(1),
            *examined.facts,
            *_by_checksum(asset),
        ],
        when=FileAsset.status.is_in(*_OPEN),
    )
    audit.write(tx, CONFIRM, str(asset.id), by=by, meta={"purpose": asset.purpose, **examined.meta})
    return _settle(tx, asset)


def _by_checksum(asset: FileAsset) -> list[Action]:
    if not asset.checksum:
        return []
    return [FileAsset.gsi2pk.set(f"ASSETSUM#{asset.checksum}"), FileAsset.gsi2sk.set(str(asset.id))]


def _reject(asset: FileAsset, version_id: str, reason: str, by: Caller | audit.Actor) -> FileAsset:
    tx = store.Transaction()
    tx.update(
        FileAsset,
        FileAsset.place(str(asset.id)),
        [
            FileAsset.status.set(FileStatus.REJECTED),
            FileAsset.reject_reason.set(reason),
            FileAsset.ttl.remove(),
            FileAsset.version.add(1),
        ],
        when=FileAsset.status.is_in(*_OPEN),
    )
    audit.write(tx, REJECT, str(asset.id), by=by, meta={"purpose": asset.purpose}, reason=reason)
    settled = _settle(tx, asset)
    if settled.status == FileStatus.REJECTED:
        storage.remove(str(asset.object_key), version_id)
    return settled


def _settle(tx: store.Transaction, asset: FileAsset) -> FileAsset:
    """Commit, and answer what the file is by then: ours, or what somebody faster made of it."""
    with contextlib.suppress(store.TransactionLost):
        tx.commit()
    return _again(asset)


def _checksum_holds(asset: FileAsset, found: storage.Found) -> bool:
    """Whether the bytes have the declared SHA-256: as the bucket computed it, else as they are."""
    if not asset.checksum:
        return True
    given = found.checksum
    if given is None:
        digest = hashlib.sha256()
        for piece in storage.stream(str(asset.object_key), found.version_id):
            digest.update(piece)
        given = base64.b64encode(digest.digest()).decode()
    return hmac.compare_digest(given, str(asset.checksum))
