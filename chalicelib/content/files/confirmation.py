"""Confirming an upload by what is really there (FILE-33 … FILE-38), in the request or by the worker (FILE-20)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import timedelta

from pynamodb.expressions.update import Action

from chalicelib.content.files import images, inspection, parts, pdfs, settling, storage, tables
from chalicelib.content.files.configuration import scanning
from chalicelib.content.files.errors import FileRefused, UploadMismatch, UploadNotFound
from chalicelib.content.files.examined import Examined, TakesLonger
from chalicelib.content.files.items import OPEN, FileAsset, FileStatus, ScanStatus, awaiting_scan
from chalicelib.content.files.purposes import CSV, PDF
from chalicelib.content.files.schemas import InspectionMessage
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict
from chalicelib.platform.events import queues
from chalicelib.platform.logs import alarm

INLINE_BYTES = 64 * 1024 * 1024
INLINE_SECONDS = 8
WORKER_SECONDS = 100
MAX_TRIES = 5
SCAN_LIFE = timedelta(minutes=30)
CHECKSUM_MISMATCH = "CHECKSUM_MISMATCH"
_ROUNDS = 3


def confirm(asset: FileAsset, caller: Caller) -> FileAsset:
    """The file as it is after looking at it: CONFIRMED, or INSPECTING when it is too large for a request or scanned.

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
    if asset is None or asset.status not in OPEN or asset.examined:
        return
    tried = store.update(
        FileAsset, FileAsset.place(str(asset.id)), [FileAsset.tries.add(1)], when=store.present(FileAsset)
    )
    if int(tried.tries) > MAX_TRIES:
        alarm("file inspection failed", fileAssetId=str(asset.id))
        settling.reject(asset, str(tried.version_id or ""), inspection.FAILED, audit.SYSTEM)
        return
    found = storage.look(str(asset.object_key))
    if found is None or found.size != asset.size_bytes:
        unreadable = inspection.UNREADABLE if asset.content_type == PDF else images.UNREADABLE
        settling.reject(asset, found.version_id if found else "", unreadable, audit.SYSTEM)
        return
    # The message may be quicker than who sent it; without this a file would not wait for its scan.
    current = _inspecting(tried, found) if tried.status == FileStatus.PENDING else tried
    try:
        if current.status == FileStatus.INSPECTING:
            _decide(current, found, WORKER_SECONDS, audit.SYSTEM)
    except UploadMismatch:
        settling.reject(asset, found.version_id, CHECKSUM_MISMATCH, audit.SYSTEM)


def _uploaded(asset: FileAsset) -> storage.Found:
    found = storage.look(str(asset.object_key))
    if found is None and asset.upload_id:
        parts.complete(asset)
        found = storage.look(str(asset.object_key))
    if found is None:
        raise UploadNotFound
    if found.size != asset.size_bytes:
        raise UploadMismatch({"declared": int(asset.size_bytes), "found": found.size})
    return found


def _now_or_later(asset: FileAsset, found: storage.Found, caller: Caller) -> FileAsset:
    if found.size > INLINE_BYTES or scanning():
        return _later(asset, found)
    try:
        return _decide(asset, found, INLINE_SECONDS, caller)
    except TakesLonger:
        return _later(asset, found)


def _later(asset: FileAsset, found: storage.Found) -> FileAsset:
    # The message goes first: an asset that says INSPECTING always has somebody who inspects it.
    queues.send(queues.Queues.FILE_INSPECTIONS, InspectionMessage(file_asset_id=str(asset.id)))
    return _inspecting(asset, found)


def _inspecting(asset: FileAsset, found: storage.Found) -> FileAsset:
    """Let a PENDING file be INSPECTING, and wait for its scan where one is wanted; what it is by then."""
    for _ in range(_ROUNDS):
        actions = [
            FileAsset.status.set(FileStatus.INSPECTING),
            FileAsset.row["status"].set(FileStatus.INSPECTING.value),
            FileAsset.version_id.set(found.version_id),
            FileAsset.ttl.remove(),
            FileAsset.version.add(1),
            *_scan_wanted(asset, found),
        ]
        # The version too: a scan's result may come in just now.
        unchanged = (FileAsset.status == FileStatus.PENDING) & (FileAsset.version == int(asset.version))
        try:
            return store.update(FileAsset, FileAsset.place(str(asset.id)), actions, when=unchanged)
        except store.ConditionFailed:
            asset = settling.again(asset)
            if asset.status != FileStatus.PENDING:
                return asset
    raise Conflict


def _scan_wanted(asset: FileAsset, found: storage.Found) -> list[Action]:
    """That a scan of these bytes is awaited, unless its result is here already."""
    if not scanning() or (asset.scanned_version == found.version_id and asset.scan_status == ScanStatus.CLEAN):
        return []
    until = awaiting_scan(str(asset.id), clock.now() + SCAN_LIFE)
    return [
        FileAsset.scan_status.set(ScanStatus.WAITING),
        FileAsset.gsi2pk.set(until["gsi2pk"]),
        FileAsset.gsi2sk.set(until["gsi2sk"]),
    ]


def _decide(asset: FileAsset, found: storage.Found, seconds: int, by: Caller | audit.Actor) -> FileAsset:
    """Look into the bytes and settle it; with a scan still awaited only what was found is kept."""
    if not _checksum_holds(asset, found):
        raise UploadMismatch({"checksum": False})
    branch = {PDF: pdfs, CSV: tables}.get(str(asset.content_type), images)
    examined = branch.examine(asset, found, seconds)
    if examined.refused is not None:
        return settling.reject(asset, found.version_id, examined.refused, by)
    if asset.scan_status == ScanStatus.WAITING:
        return _await_scan(asset, found, examined)
    return settling.confirm(asset, found.version_id, examined, by)


def _await_scan(asset: FileAsset, found: storage.Found, examined: Examined) -> FileAsset:
    """Keep what was found. Whoever comes second, this or the scan's result, sees both and settles it."""
    try:
        kept = store.update(
            FileAsset,
            FileAsset.place(str(asset.id)),
            [
                *settling.facts(asset, found.version_id, examined),
                FileAsset.examined_at.set(clock.now()),
                FileAsset.version.add(1),
            ],
            when=(FileAsset.status == FileStatus.INSPECTING) & FileAsset.examined_at.does_not_exist(),
        )
    except store.ConditionFailed:
        kept = settling.again(asset)
        settling.discard(kept, examined)
        return kept
    return settling.finish(kept) if kept.scan_status == ScanStatus.CLEAN else kept


def _checksum_holds(asset: FileAsset, found: storage.Found) -> bool:
    """Whether the bytes have the declared SHA-256: as the bucket computed it, else as they are."""
    if not asset.checksum:
        return True
    given = found.checksum
    if given is None or given.count("-"):
        digest = hashlib.sha256()
        for piece in storage.stream(str(asset.object_key), found.version_id):
            digest.update(piece)
        given = base64.b64encode(digest.digest()).decode()
    return hmac.compare_digest(given, str(asset.checksum))
