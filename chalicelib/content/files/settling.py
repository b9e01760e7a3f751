"""The last step of an upload: CONFIRMED or REJECTED, once, with its audit entry (FILE-33, FILE-34)."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.content.files import storage
from chalicelib.content.files.errors import FileNotFound
from chalicelib.content.files.examined import Examined
from chalicelib.content.files.items import OPEN, USABLE_SCANS, FileAsset, FileStatus, by_checksum
from chalicelib.content.files.purposes import PDF
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain

CONFIRM = audit.AuditAction("file.confirm", "An uploaded file was confirmed")
REJECT = audit.AuditAction("file.reject", "An uploaded file broke a rule and was removed")


def again(asset: FileAsset) -> FileAsset:
    """The file as it is by now; ``FileNotFound`` when it is gone."""
    current = store.get(FileAsset, FileAsset.place(str(asset.id)))
    if current is None:
        raise FileNotFound
    return current


def facts(asset: FileAsset, version_id: str, examined: Examined) -> list[Action]:
    """What the file keeps of what was found in it."""
    kept = [FileAsset.version_id.set(version_id), *examined.facts]
    if examined.packed is not None:
        kept.append(FileAsset.packed.set(dict(examined.packed)))
    if examined.checksum and not asset.checksum:
        kept.append(FileAsset.checksum.set(examined.checksum))
    return kept


def confirm(asset: FileAsset, version_id: str, examined: Examined, by: Caller | audit.Actor) -> FileAsset:
    """Confirm what was just looked into; answers the file as it is by then, whoever was faster."""
    _keep(asset, version_id, examined.packed or {})
    checksum = str(asset.checksum or examined.checksum or "")
    settled = _confirm(asset, [*facts(asset, version_id, examined), *_found_by(asset, checksum)], examined.meta, by)
    discard(settled, examined)
    return settled


def finish(asset: FileAsset) -> FileAsset:
    """Confirm what was looked into before, now that its scan is clean."""
    _keep(asset, str(asset.version_id), plain(asset.packed))
    return _confirm(asset, _found_by(asset, str(asset.checksum or "")), {}, audit.SYSTEM)


def _found_by(asset: FileAsset, checksum: str) -> list[Action]:
    """Under its checksum, or under nothing: a file that waited for a scan waits no more."""
    if not checksum:
        return [FileAsset.gsi2pk.remove(), FileAsset.gsi2sk.remove()]
    keys = by_checksum(str(asset.id), checksum)
    return [FileAsset.gsi2pk.set(keys["gsi2pk"]), FileAsset.gsi2sk.set(keys["gsi2sk"])]


def _confirm(
    asset: FileAsset, actions: Sequence[Action], meta: Mapping[str, Any], by: Caller | audit.Actor
) -> FileAsset:
    tx = store.Transaction()
    tx.update(
        FileAsset,
        FileAsset.place(str(asset.id)),
        [
            FileAsset.status.set(FileStatus.CONFIRMED),
            FileAsset.row["status"].set(FileStatus.CONFIRMED.value),
            FileAsset.confirmed_at.set(clock.now()),
            FileAsset.ttl.remove(),
            FileAsset.version.add(1),
            *actions,
        ],
        when=FileAsset.status.is_in(*OPEN) & FileAsset.scan_status.is_in(*USABLE_SCANS),
    )
    audit.write(tx, CONFIRM, str(asset.id), by=by, meta={"purpose": asset.purpose, **meta})
    return _settle(tx, asset)


def _keep(asset: FileAsset, version_id: str, packed: Mapping[str, Any]) -> None:
    """Tag what stays, before it is committed: a confirmed file must never be swept up as an abandoned upload.

    Of an image with a copy free of metadata only that copy stays: the original goes by the bucket's lifecycle.
    """
    if packed:
        storage.confirm(packed["object_key"], packed["version_id"])
    if not packed or asset.content_type == PDF:
        storage.confirm(str(asset.object_key), version_id)


def discard(settled: FileAsset, examined: Examined) -> None:
    """Remove a copy that the settled file does not have: somebody else's is the one that counts."""
    own = dict(examined.packed or {})
    if own and plain(settled.packed) != own:
        storage.remove(own["object_key"], own["version_id"])


def reject(
    asset: FileAsset,
    version_id: str,
    reason: str,
    by: Caller | audit.Actor,
    *,
    more: Sequence[Action] = (),
    when: Condition | None = None,
) -> FileAsset:
    """Reject an upload and remove its bytes; answers the file as it is by then, whoever was faster."""
    still_open = FileAsset.status.is_in(*OPEN)
    tx = store.Transaction()
    tx.update(
        FileAsset,
        FileAsset.place(str(asset.id)),
        [
            FileAsset.status.set(FileStatus.REJECTED),
            FileAsset.row["status"].set(FileStatus.REJECTED.value),
            FileAsset.reject_reason.set(reason),
            FileAsset.gsi2pk.remove(),
            FileAsset.gsi2sk.remove(),
            FileAsset.ttl.remove(),
            FileAsset.version.add(1),
            *more,
        ],
        when=still_open if when is None else still_open & when,
    )
    audit.write(tx, REJECT, str(asset.id), by=by, meta={"purpose": asset.purpose}, reason=reason)
    settled = _settle(tx, asset)
    if settled.status == FileStatus.REJECTED:
        storage.remove(str(asset.object_key), version_id)
        packed = plain(settled.packed)
        if packed:
            storage.remove(packed["object_key"], packed["version_id"])
    return settled


def _settle(tx: store.Transaction, asset: FileAsset) -> FileAsset:
    """Commit, and answer what the file is by then: ours, or what somebody faster made of it."""
    with contextlib.suppress(store.TransactionLost):
        tx.commit()
    return again(asset)
