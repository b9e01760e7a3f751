"""Creating, changing and removing tags (TAX-13, TAX-14)."""

from __future__ import annotations

from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content.taxonomy.errors import TagInUse, TagKeyTaken, TagNotFound, TooManyTags
from chalicelib.content.taxonomy.items import MAX_TAGS, Tag, TagCount, TagKey, TagTotal, tag_index_keys
from chalicelib.content.taxonomy.tag_schemas import NewTag, TagChange
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.ids import new_ulid

CREATE = audit.AuditAction("tag.create", "A tag was created")
UPDATE = audit.AuditAction("tag.update", "A tag was changed")
DELETE = audit.AuditAction("tag.delete", "A tag was removed")

TRIES = 5
_FIELDS = ("key", "name")


def create(body: NewTag, caller: Caller) -> Tag:
    """Create a tag: key, tag, number of tags and audit in one transaction. One round trip.

    Raises ``TagKeyTaken``, ``TooManyTags``.
    """
    tag_id, now = new_ulid(), clock.now()
    values: dict[str, Any] = {"id": tag_id, "key": body.key, "name": body.name, "created_at": now}
    place = Tag.place(tag_id)
    tag = Tag(place.pk, place.sk, **values, row=_row(values), **tag_index_keys(body.name, tag_id))
    tx = store.Transaction()
    tx.put(_claim(body.key, tag_id), when=store.absent(TagKey), name="key")
    tx.put(tag, when=store.absent(Tag))
    tx.update(
        TagTotal,
        TagTotal.place(),
        [TagTotal.number.add(1), TagTotal.kind.set(TagTotal)],
        when=TagTotal.pk.does_not_exist() | (TagTotal.number < MAX_TAGS),
        name="total",
    )
    audit.write(tx, CREATE, tag_id, by=caller, meta={"key": body.key, "name": body.name})
    try:
        tx.commit()
    except store.TransactionLost as lost:
        if lost.failed("key"):
            raise TagKeyTaken from lost
        raise TooManyTags({"maximum": MAX_TAGS}) from lost
    return tag


def change(tag: Tag, body: TagChange, caller: Caller, expected: int | None) -> Tag:
    """Change what the request names and answer the tag as it is then; nothing named, or nothing new: as it was.

    ``expected`` is the version of ``If-Match``. Raises ``VersionMismatch``, ``TagKeyTaken``, ``TagNotFound`` when it
    was removed meanwhile, ``Conflict``.
    """
    given = body.given()
    for _ in range(TRIES):
        if expected is not None and expected != tag.version:
            raise VersionMismatch({"version": int(tag.version)})
        before = {name: getattr(tag, name) for name in _FIELDS}
        differs = {name: value for name, value in given.items() if before[name] != value}
        if not differs:
            return tag
        try:
            return _commit(tag, differs, caller)
        except store.TransactionLost as lost:
            if lost.failed("key"):
                raise TagKeyTaken from lost
            tag = _read(str(tag.id))
    raise Conflict


def _commit(tag: Tag, differs: dict[str, Any], caller: Caller) -> Tag:
    before = {name: getattr(tag, name) for name in ("id", *_FIELDS, "created_at")}
    values = {**before, **differs}
    tx = store.Transaction()
    if "key" in differs:
        tx.delete(TagKey, TagKey.place(str(tag.key)))
        tx.put(_claim(differs["key"], values["id"]), when=store.absent(TagKey), name="key")
    tx.update(
        Tag,
        tag.itself,
        [
            *(getattr(Tag, name).set(value) for name, value in differs.items()),
            Tag.row.set(_row(values)),
            Tag.gsi1sk.set(tag_index_keys(values["name"], values["id"])["gsi1sk"]),
            Tag.version.add(1),
        ],
        when=cast(Condition, Tag.version == tag.version),
    )
    meta = {"changed": audit.changed({name: before[name] for name in differs}, differs)}
    audit.write(tx, UPDATE, values["id"], by=caller, meta=meta)
    tx.commit()
    return store.became(tag, differs)


def remove(tag: Tag, caller: Caller, *, force: bool) -> None:
    """Remove a tag and free its key; with ``force`` also while notes carry it: they let go of it afterwards.

    Raises ``TagInUse``, ``TagNotFound`` when another removed it meanwhile, ``Conflict``. One round trip.
    """
    for _ in range(TRIES):
        tx = store.Transaction()
        tx.delete(TagKey, TagKey.place(str(tag.key)))
        tx.delete(Tag, tag.itself, when=cast(Condition, Tag.version == tag.version))
        tx.update(TagTotal, TagTotal.place(), [TagTotal.number.add(-1)], name="total")
        if not force:
            unused = TagCount.pk.does_not_exist() | (TagCount.notes <= 0)
            tx.delete(TagCount, TagCount.place(str(tag.id)), when=unused, name="unused")
        meta = {"key": tag.key, "name": tag.name, "force": force}
        audit.write(tx, DELETE, str(tag.id), by=caller, meta=meta)
        try:
            tx.commit()
        except store.TransactionLost as lost:
            if lost.failed("unused"):
                count = lost.item("unused")
                raise TagInUse({"notes": int(count.notes) if isinstance(count, TagCount) else 0}) from lost
            tag = _read(str(tag.id))
        else:
            return
    raise Conflict


def _row(values: dict[str, Any]) -> dict[str, Any]:
    return {**{name: values[name] for name in ("id", *_FIELDS)}, "created_at": clock.iso(values["created_at"])}


def _claim(key: str, tag_id: str) -> TagKey:
    return TagKey(*TagKey.place(key), tag_id=tag_id)


def _read(tag_id: str) -> Tag:
    found = store.get(Tag, Tag.place(tag_id))
    if found is None:
        raise TagNotFound
    return found
