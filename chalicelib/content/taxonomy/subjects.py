"""Creating and changing subjects (TAX-01, TAX-02)."""

from __future__ import annotations

from typing import Any

from chalicelib.content import files
from chalicelib.content.taxonomy.errors import SubjectKeyTaken, SubjectNotFound, TooManySubjects
from chalicelib.content.taxonomy.items import (
    LAST_ORDER_INDEX,
    MAX_SUBJECTS,
    Subject,
    SubjectCount,
    SubjectKey,
    index_keys,
    row_of,
    subjects_in_order,
)
from chalicelib.content.taxonomy.schemas import NewSubject, SubjectChange
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.ids import new_ulid

CREATE = audit.AuditAction("subject.create", "A subject was created")
UPDATE = audit.AuditAction("subject.update", "A subject was changed")

ICON_PURPOSES = ("CMS_IMAGE",)
ORDER_STEP = 10
TRIES = 5
_FIELDS = ("key", "name", "description", "icon_asset_id", "order_index", "is_active")
_LISTED = (*_FIELDS, "id", "topic_count", "created_by_user_id")


def _row(values: dict[str, Any]) -> dict[str, Any]:
    row = {name: values[name] for name in _LISTED}
    return {**row, "created_at": clock.iso(values["created_at"]), "updated_at": clock.iso(values["updated_at"])}


def _after_last() -> int:
    last = store.fetch(subjects_in_order(descending=True), limit=1).items
    return min(int(row_of(last[0])["order_index"]) + ORDER_STEP, LAST_ORDER_INDEX) if last else ORDER_STEP


def create(body: NewSubject, caller: Caller) -> Subject:
    """Create a subject: key, subject, count and audit in one transaction.

    Raises ``SubjectKeyTaken``, ``TooManySubjects``, ``AssetUnusable``. Two round trips (one with ``orderIndex``).
    """
    subject_id, now = new_ulid(), clock.now()
    order = _after_last() if body.order_index is None else body.order_index
    values: dict[str, Any] = {
        **{name: getattr(body, name) for name in _FIELDS},
        "id": subject_id,
        "order_index": order,
        "topic_count": 0,
        "created_by_user_id": caller.user_id,
        "created_at": now,
        "updated_at": now,
    }
    place, keys = Subject.place(subject_id), index_keys(order, body.name, subject_id)
    subject = Subject(place.pk, place.sk, row=_row(values), **values, **keys)
    tx = store.Transaction()
    tx.put(_claim(body.key, subject_id), when=store.absent(SubjectKey), name="key")
    tx.put(subject, when=store.absent(Subject))
    tx.update(
        SubjectCount,
        SubjectCount.place(),
        [SubjectCount.number.add(1), SubjectCount.kind.set(SubjectCount)],
        when=SubjectCount.pk.does_not_exist() | (SubjectCount.number < MAX_SUBJECTS),
        name="count",
    )
    if body.icon_asset_id is not None:
        files.take(tx, body.icon_asset_id, _icon_place(subject_id, active=body.is_active), ICON_PURPOSES, name="icon")
    audit.write(tx, CREATE, subject_id, by=caller, meta={"key": body.key, "name": body.name})
    try:
        tx.commit()
    except store.TransactionLost as lost:
        _say_why(lost)
        raise TooManySubjects from lost
    return subject


def _say_why(lost: store.TransactionLost) -> None:
    if lost.failed("key"):
        raise SubjectKeyTaken from lost
    if lost.failed("icon"):
        raise files.refusal(lost.item("icon"), "body.iconAssetId") from lost


def _icon_place(subject_id: str, *, active: bool) -> files.Place:
    return files.Place("SUBJECT", subject_id, published=active, subject_id=subject_id)


def _claim(key: str, subject_id: str) -> SubjectKey:
    return SubjectKey(*SubjectKey.place(key), subject_id=subject_id)


def change(subject: Subject, body: SubjectChange, caller: Caller, expected: int | None) -> Subject:
    """Change what the request names and answer the subject as it is then; nothing named, or nothing new: as it was.

    ``expected`` is the version of ``If-Match``. Raises ``VersionMismatch``, ``SubjectKeyTaken``,
    ``AssetUnusable``; without ``expected`` a
    change that others overtook is applied to what they left, up to five times, then ``Conflict``.
    """
    given = body.given()
    for _ in range(TRIES):
        if expected is not None and expected != subject.version:
            raise VersionMismatch({"version": int(subject.version)})
        before = {name: getattr(subject, name) for name in _FIELDS}
        differs = {name: value for name, value in given.items() if before[name] != value}
        if not differs:
            return subject
        try:
            return _commit(subject, differs, caller)
        except store.TransactionLost as lost:
            _say_why(lost)
            subject = _read(str(subject.id))
    raise Conflict


def _change_icon(tx: store.Transaction, subject: Subject, values: dict[str, Any]) -> None:
    old, new = subject.icon_asset_id, values["icon_asset_id"]
    place = _icon_place(values["id"], active=values["is_active"])
    if old == new:
        if new and values["is_active"] != subject.is_active:
            files.follow(tx, new, place)
        return
    if old:
        files.release(tx, old, place.ref_type, place.ref_id)
    if new:
        files.take(tx, new, place, ICON_PURPOSES, name="icon")


def _read(subject_id: str) -> Subject:
    found = store.get(Subject, Subject.place(subject_id))
    if found is None:
        raise SubjectNotFound
    return found


def _commit(subject: Subject, differs: dict[str, Any], caller: Caller) -> Subject:
    names = (*_LISTED, "created_at", "updated_at")
    values = {**{name: getattr(subject, name) for name in names}, **differs, "updated_at": clock.now()}
    values["order_index"] = int(values["order_index"])
    keys = index_keys(values["order_index"], values["name"], values["id"])
    tx = store.Transaction()
    if "key" in differs:
        tx.delete(SubjectKey, SubjectKey.place(str(subject.key)))
        tx.put(_claim(differs["key"], values["id"]), when=store.absent(SubjectKey), name="key")
    tx.update(
        Subject,
        Subject.place(values["id"]),
        [
            *(getattr(Subject, name).set(value) for name, value in differs.items()),
            Subject.updated_at.set(values["updated_at"]),
            Subject.row.set(_row(values)),
            Subject.gsi1sk.set(keys["gsi1sk"]),
            Subject.version.add(1),
            Subject.tree_version.add(1),
        ],
        # The row carries the number of topics, which does not touch the version.
        when=(Subject.version == subject.version) & (Subject.tree_version == subject.tree_version),
    )
    _change_icon(tx, subject, values)
    before = {name: getattr(subject, name) for name in differs}
    audit.write(tx, UPDATE, values["id"], by=caller, meta={"changed": audit.changed(before, differs)})
    tx.commit()
    tree_version = int(subject.tree_version) + 1
    return store.became(subject, {**differs, "updated_at": values["updated_at"], "tree_version": tree_version})
