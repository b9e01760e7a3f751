"""How other domains take and let go of a file: in their own transaction (FILE-40)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from datetime import datetime
from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.content.files.errors import AssetNotReady, AssetUnusable
from chalicelib.content.files.items import (
    USABLE_SCANS,
    AssetReference,
    Audience,
    FileAsset,
    FileStatus,
    ScanStatus,
    with_references,
)
from chalicelib.platform import clock
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Transaction, absent, every, present

MOST_PLACES = 100_000


@frozen
class Place:
    """What uses a file: ``ref_type`` (NOTE, SUBJECT, …) and its id, and what the reference carries of it.

    ``topic_ids``: its topics with all above them. ``audience``, and from when until when it is shown: who may fetch the
    file because of it (FILE-46).
    """

    ref_type: str
    ref_id: str
    published: bool = False
    subject_id: str = ""
    topic_ids: Sequence[str] = field(default_factory=tuple)
    audience: Audience = Audience.STUDENT
    active_from: datetime | None = None
    active_until: datetime | None = None


def usable(purposes: Sequence[str]) -> Condition:
    """The condition under which a file may be used in a place that takes these purposes."""
    confirmed = FileAsset.status == FileStatus.CONFIRMED
    scanned = FileAsset.scan_status.is_in(*USABLE_SCANS)
    return cast(Condition, confirmed & scanned & FileAsset.purpose.is_in(*purposes))


def _counted(by: int) -> list[Action]:
    """The number of references, and the same for lists."""
    row = FileAsset.row["references"]
    return [FileAsset.references.add(by), row.set(row + by)]


def refusal(asset: Item | None, field: str) -> AssetUnusable | AssetNotReady:
    """What to answer who named in ``field`` a file that cannot be used: yet, while its scan is awaited, or at all."""
    waits = isinstance(asset, FileAsset) and asset.scan_status == ScanStatus.WAITING
    return AssetNotReady.at(field) if waits else AssetUnusable.at(field)


def take(tx: Transaction, asset_id: str, place: Place, purposes: Sequence[str], *, name: str = "asset") -> None:
    """Add the reference and count it; the action called ``name`` fails when the file is not usable."""
    tx.update(FileAsset, FileAsset.place(asset_id), _counted(1), when=usable(purposes), name=name)
    where = AssetReference.place(asset_id, place.ref_type, place.ref_id)
    tx.put(
        AssetReference(
            where.pk,
            where.sk,
            asset_id=asset_id,
            ref_type=place.ref_type,
            ref_id=place.ref_id,
            published=place.published,
            public=place.audience == Audience.PUBLIC,
            audience=place.audience,
            active_from=place.active_from,
            active_until=place.active_until,
            subject_id=place.subject_id or None,
            topic_ids=list(place.topic_ids),
            created_at=clock.now(),
        ),
        when=absent(AssetReference),
    )


def require_usable(tx: Transaction, asset_id: str, purposes: Sequence[str], *, name: str = "asset") -> None:
    """Only check that the file still is usable."""
    tx.check(FileAsset, FileAsset.place(asset_id), usable(purposes), name=name)


def follow(tx: Transaction, asset_id: str, place: Place) -> None:
    """Let the reference say what its place says now: publication, subject, topics, audience, time."""
    times = ((AssetReference.active_from, place.active_from), (AssetReference.active_until, place.active_until))
    tx.update(
        AssetReference,
        AssetReference.place(asset_id, place.ref_type, place.ref_id),
        [
            AssetReference.published.set(place.published),
            AssetReference.topic_ids.set(list(place.topic_ids)),
            AssetReference.subject_id.set(place.subject_id),
            AssetReference.audience.set(place.audience),
            AssetReference.public.set(place.audience == Audience.PUBLIC),
            *(attribute.remove() if at is None else attribute.set(at) for attribute, at in times),
            AssetReference.version.add(1),
        ],
        when=present(AssetReference),
        name="reference",
    )


def release(tx: Transaction, asset_id: str, ref_type: str, ref_id: str) -> None:
    """Remove the reference and count it off."""
    tx.update(FileAsset, FileAsset.place(asset_id), _counted(-1), when=present(FileAsset), name="released")
    where = AssetReference.place(asset_id, ref_type, ref_id)
    tx.delete(AssetReference, where, when=present(AssetReference), name="reference")


def places_of(asset_id: str, ref_type: str) -> list[str]:
    """The ids of all places of a type that use a file, whatever has become of it. One query of its partition."""
    found = every(with_references(asset_id), most=MOST_PLACES)
    return [str(one.ref_id) for one in found if isinstance(one, AssetReference) and one.ref_type == ref_type]
