"""Entries as they are shown: whole, with the names of who did them; without what deleted accounts lose (AUD-30)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, cast

from chalicelib.identity.accounts import User, user_key
from chalicelib.insight.audit_trail.schemas import ActorView, AuditEntryView
from chalicelib.platform import store
from chalicelib.platform.access.card import plain
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.ids import is_ulid
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Item, Key

DELETED = "DELETED"
DELETED_NAME = "Deleted user"
ABOUT_PEOPLE = "user"
_BATCH = 100
_PERSONAL = frozenset({"name", "email", "phone", "newemail", "oldemail", "displayname", "userhash", "address"})
"""Members of ``meta`` that tell who somebody was, in lower case."""
_AS_IT_IS = (
    *("id", "at", "actor_user_id", "actor_kind", "actor_user_type", "action", "resource_type", "resource_id"),
    *("outcome", "reason", "request_id", "session_id"),
)


class Found(NamedTuple):
    """Entries in their order, and the people that they name."""

    entries: list[AuditEntry]
    people: dict[str, User]

    def views(self) -> list[AuditEntryView]:
        """As they are shown."""
        return [_view(entry, self.people) for entry in self.entries]


def whole(found: Sequence[AuditEntry]) -> Found:
    """The entries of a page, from wherever they were read, and the people they name: one more round trip.

    What came from an index has only its ``row``: entry and people are then one batch (several side by side past 100).
    """
    short = [entry.itself for entry in found if entry.id is None]
    named = {user_id for entry in found for user_id in _named(entry)}
    items = _read([*short, *(user_key(user_id) for user_id in sorted(named))])
    people = {str(item.id): item for item in items.values() if isinstance(item, User)}
    entries = [items.get(entry.itself) if entry.id is None else entry for entry in found]
    return Found([entry for entry in entries if isinstance(entry, AuditEntry)], people)


def _named(entry: AuditEntry) -> Iterable[str]:
    """Ids of the people that an entry's ``row`` names: who did it, and about whom it is."""
    row: dict[str, Any] = plain(entry.row)
    if is_ulid(row["actor"]):
        yield row["actor"]
    if row["action"].startswith(f"{ABOUT_PEOPLE}.") and is_ulid(row["resourceId"]):
        yield row["resourceId"]


def _read(keys: Sequence[Key]) -> dict[Key, Item]:
    batches = [keys[first : first + _BATCH] for first in range(0, len(keys), _BATCH)]
    if not batches:
        return {}
    read = cast("list[list[Item | None]]", together(*(partial(store.get_many, batch) for batch in batches)))
    return {
        key: item
        for batch, items in zip(batches, read, strict=True)
        for key, item in zip(batch, items, strict=True)
        if item is not None
    }


def _view(entry: AuditEntry, people: Mapping[str, User]) -> AuditEntryView:
    actor_gone = entry.actor_user_id is not None and _gone(people.get(entry.actor_user_id))
    about = people.get(entry.resource_id) if entry.resource_type == ABOUT_PEOPLE else None
    about_gone = about is not None and _gone(about)
    hidden = actor_gone or (about_gone and entry.actor_user_id is None)
    meta = plain(entry.meta)
    facts: dict[str, Any] = {name: getattr(entry, name) for name in _AS_IT_IS}
    return AuditEntryView(
        **facts,
        actor=_actor(entry, people, gone=actor_gone),
        actor_roles=list(entry.actor_roles),
        meta=_impersonal(meta) if about_gone else meta,
        ip=None if hidden else entry.ip,
        user_agent=None if hidden else entry.user_agent,
    )


def _gone(person: User | None) -> bool:
    return person is None or person.status == DELETED


def _actor(entry: AuditEntry, people: Mapping[str, User], *, gone: bool) -> ActorView | None:
    if not entry.actor_user_id:
        return None
    name = DELETED_NAME if gone else people[entry.actor_user_id].name
    return ActorView(id=entry.actor_user_id, name=name, type=entry.actor_user_type)


def _impersonal(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _impersonal(one) for name, one in value.items() if name.lower() not in _PERSONAL}
    if isinstance(value, list):
        return [_impersonal(one) for one in value]
    return value
