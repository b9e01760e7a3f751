"""What a malware scanner says of uploads (FILE-21, FILE-39): any that posts its results, signed.

``X-Scan-Signature: t=<epoch seconds>,v1=<HMAC-SHA256 of "<t>.<body>", hex>`` under ``FILE_SCAN_SECRET``.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from pydantic import ValidationError
from pynamodb.expressions.condition import Condition

from chalicelib.content.files import settling, storage
from chalicelib.content.files.errors import ScanUnauthenticated
from chalicelib.content.files.items import OPEN, FileAsset, FileStatus, ScanStatus, scans_overdue
from chalicelib.content.files.schemas import RemovalSummary, ScanResult
from chalicelib.platform import audit, clock, signals, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.errors import invalid
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limits
from chalicelib.platform.http.request import Request
from chalicelib.platform.logs import alarm, count_metric
from chalicelib.platform.secrets import secret
from chalicelib.platform.signals import Severity, SignalType

FILE_SCAN_SECRET = secret("FILE_SCAN_SECRET")
HEADER = "x-scan-signature"
TOLERANCE_SECONDS = 300

INFECTED = "INFECTED"
FAILED = "SCAN_FAILED"

INFECT = audit.AuditAction("file.infected", "A scanner found a file infected; it was rejected or withdrawn")

_SIGNATURE = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")
_ASSET_ID = re.compile(r".*/([0-9A-HJKMNP-TV-Z]{26})[^/]*")
_AT_ONCE = 100
_KEPT_SECONDS = 60
"""So old a known secret may be: a rotation counts a minute later."""


def signature(body: bytes, at: int) -> str:
    """What a scanner sends along with a body at an instant (epoch seconds)."""
    key = FILE_SCAN_SECRET.recent(_KEPT_SECONDS).encode()
    made = hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"


def receive(request: Request) -> None:
    """Take a result in. 401 when it is not the scanner's (429 from the 21st of an address within a minute), 422 when
    it says nothing. Told twice, or of an object that is none of ours, it changes nothing.
    """
    if not _signed(request):
        _turn_away(request)
    try:
        result = ScanResult.model_validate_json(request.raw_body)
    except ValidationError as error:
        raise invalid("body", "INVALID", "must be {objectKey, versionId, result}") from error
    take(result)


def _signed(request: Request) -> bool:
    match = _SIGNATURE.fullmatch(request.headers.get(HEADER, ""))
    if match is None or abs(clock.epoch() - int(match[1])) > TOLERANCE_SECONDS:
        return False
    return hmac.compare_digest(signature(request.raw_body, int(match[1])), match[0])


def _turn_away(request: Request) -> None:
    count_metric("WebhookBadSignature")
    limits.refuse_if_any([limits.hit(Limits.WEBHOOK_FAILURES, f"ip:{request.network}")])
    address = hmac.new(FILE_SCAN_SECRET().encode(), request.network.encode(), hashlib.sha256).hexdigest()[:32]
    meta = {"gateway": "FILE_SCAN"}
    signals.notice(SignalType.WEBHOOK_BAD_SIGNATURE, Severity.MEDIUM, subject=address, meta=meta)
    raise ScanUnauthenticated


def take(result: ScanResult) -> None:
    """Let the file that an object belongs to know what a scan found."""
    match = _ASSET_ID.fullmatch(result.object_key)
    asset = store.get(FileAsset, FileAsset.place(match[1])) if match else None
    if asset is None:
        return
    original = asset.object_key == result.object_key and asset.version_id in (None, result.version_id)
    copy = plain(asset.packed)
    if result.result == INFECTED and (original or (copy.get("object_key"), copy.get("version_id")) == _object(result)):
        _infected(asset, result)
    elif original and result.result == ScanStatus.CLEAN:
        _clean(asset, result)
    elif original and result.result == ScanStatus.FAILED:
        _fail(asset)


def _object(result: ScanResult) -> tuple[str, str]:
    return result.object_key, result.version_id


def _clean(asset: FileAsset, result: ScanResult) -> None:
    """Remember it; where the file was looked into already, that settles it."""
    same: Condition = FileAsset.version_id.does_not_exist() | (FileAsset.version_id == result.version_id)
    unknown = FileAsset.scan_status.is_in(ScanStatus.NOT_REQUIRED, ScanStatus.WAITING)
    try:
        kept = store.update(
            FileAsset,
            FileAsset.place(str(asset.id)),
            [
                FileAsset.scan_status.set(ScanStatus.CLEAN),
                FileAsset.scanned_version.set(result.version_id),
                FileAsset.gsi2pk.remove(),
                FileAsset.gsi2sk.remove(),
                FileAsset.version.add(1),
            ],
            when=FileAsset.status.is_in(*OPEN) & unknown & same,
        )
    except store.ConditionFailed as failed:
        current = failed.item
        if not isinstance(current, FileAsset) or current.scan_status != ScanStatus.CLEAN:
            return
        kept = current
    if kept.status == FileStatus.INSPECTING and kept.examined:
        settling.finish(kept)


def _infected(asset: FileAsset, result: ScanResult) -> None:
    """Reject it, or where it is in use withdraw it: nobody can take or read it from now on."""
    unused = FileAsset.status.is_in(*OPEN) | ((FileAsset.status == FileStatus.CONFIRMED) & (FileAsset.references == 0))
    rejected = [
        FileAsset.status.set(FileStatus.REJECTED),
        FileAsset.row["status"].set(FileStatus.REJECTED.value),
        FileAsset.reject_reason.set(INFECTED),
        FileAsset.ttl.remove(),
    ]
    news = FileAsset.scan_status != ScanStatus.INFECTED
    for more, when in ((rejected, unused & news), ([], (FileAsset.status == FileStatus.CONFIRMED) & news)):
        tx = store.Transaction()
        told = [
            FileAsset.scan_status.set(ScanStatus.INFECTED),
            FileAsset.gsi2pk.remove(),
            FileAsset.gsi2sk.remove(),
            FileAsset.version.add(1),
        ]
        tx.update(FileAsset, FileAsset.place(str(asset.id)), [*told, *more], when=when)
        audit.write(tx, INFECT, str(asset.id), meta={"purpose": asset.purpose, "rejected": bool(more)})
        try:
            tx.commit()
        except store.TransactionLost:
            continue
        alarm("a stored file is infected", fileAssetId=str(asset.id))
        break
    storage.quarantine(*_object(result))
    for key, version_id in _objects(settling.again(asset)) - {_object(result)}:
        storage.quarantine(key, version_id)


def _objects(asset: FileAsset) -> set[tuple[str, str]]:
    """Where the bytes of a file are, copies included, as far as it knows."""
    copy = plain(asset.packed)
    found = {(str(asset.object_key), str(asset.version_id or "")), (copy.get("object_key"), copy.get("version_id"))}
    return {(key, version_id) for key, version_id in found if key and version_id}


def _fail(asset: FileAsset) -> bool:
    """Reject a file whose scan did not end, or not well. Whether this did it."""
    waiting = FileAsset.scan_status == ScanStatus.WAITING
    more = [FileAsset.scan_status.set(ScanStatus.FAILED)]
    settled = settling.reject(asset, str(asset.version_id or ""), FAILED, audit.SYSTEM, more=more, when=waiting)
    failed = settled.scan_status == ScanStatus.FAILED
    if failed:
        alarm("a file was not scanned", fileAssetId=str(asset.id))
    return failed


def fail_overdue() -> RemovalSummary:
    """Reject what waited too long for its scan. One query; a transaction a file."""
    found = store.fetch(scans_overdue(clock.now()), limit=_AT_ONCE).items
    assets = store.get_many([one.itself for one in found]) if found else []
    return RemovalSummary(removed=sum(_fail(asset) for asset in assets if isinstance(asset, FileAsset)))
