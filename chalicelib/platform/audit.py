"""The audit trail: an entry commits with the change it tells of, or not at all (AUD-20 … AUD-25).

No code path changes or removes an entry, and every role's policy denies it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pynamodb.attributes import ListAttribute, MapAttribute, UnicodeAttribute

from chalicelib.platform import clock, context, settings
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import ApiError
from chalicelib.platform.ids import month_of, ulid_for
from chalicelib.platform.logs import count_metric
from chalicelib.platform.records import frozen
from chalicelib.platform.store import table
from chalicelib.platform.store.conflicts import ConditionFailed
from chalicelib.platform.store.items import InstantAttribute, Item
from chalicelib.platform.store.keys import Key
from chalicelib.platform.store.pages import Query
from chalicelib.platform.store.table import absent
from chalicelib.platform.store.transaction import Transaction

AUDIT_REFUSALS = settings.boolean("AUDIT_REFUSALS", default=True)
AUDIT_RETENTION_DAYS = settings.integer("AUDIT_RETENTION_DAYS", default=0, minimum=0, maximum=36_500)
DONE, REFUSED = "DONE", "REFUSED"
MAX_TEXT = 200
MAX_LIST = 50
MAX_META_BYTES = 8_192


@frozen
class AuditAction:
    """``<resourceType>.<verb>``; declared by the domain that writes it."""

    name: str
    description: str

    def __post_init__(self) -> None:
        known = _declared.setdefault(self.name, self)
        if known.description != self.description:
            raise ValueError(f"audit action {self.name} is declared twice")

    @property
    def resource_type(self) -> str:
        return self.name.partition(".")[0]


_declared: dict[str, AuditAction] = {}


def declared() -> dict[str, AuditAction]:
    """Every action that the modules imported so far can write."""
    return dict(_declared)


class AuditEntry(Item, discriminator="AuditEntry"):
    """Who changed what, when, from where.

    gsi1 lists an actor's, gsi2 a resource type's; ``row`` has what those lists filter by, no more: an entry is written
    with every change and rarely read, so what they show is read from the entry itself.
    """

    id = UnicodeAttribute()
    at = InstantAttribute()
    actor_user_id = UnicodeAttribute(null=True)
    actor_kind = UnicodeAttribute()
    actor_user_type = UnicodeAttribute(null=True)
    actor_roles: ListAttribute[str] = ListAttribute(default=list)
    action = UnicodeAttribute()
    resource_type = UnicodeAttribute()
    resource_id = UnicodeAttribute()
    outcome = UnicodeAttribute()
    reason = UnicodeAttribute(null=True)
    meta: MapAttribute[str, Any] = MapAttribute(default=dict)
    request_id = UnicodeAttribute()
    session_id = UnicodeAttribute(null=True)
    ip = UnicodeAttribute(null=True)
    user_agent = UnicodeAttribute(null=True)

    @staticmethod
    def place(month: str, entry_id: str) -> Key:
        """Where an entry of a month (``2026-01``, UTC) is."""
        return Key(f"AUDIT#{month}", entry_id)

    @staticmethod
    def of_id(entry_id: str) -> Key:
        """Where the entry of an id is: its month is in it (AUD-02)."""
        return AuditEntry.place(month_of(entry_id), entry_id)

    @staticmethod
    def of_month(month: str, **keys: Any) -> Query[AuditEntry]:
        """A month's entries, newest first."""
        return Query(AuditEntry, f"AUDIT#{month}", descending=True, **keys)

    @staticmethod
    def of_actor(actor: str, **keys: Any) -> Query[AuditEntry]:
        """What somebody did (a user id, or ``SYSTEM``, ``ANONYMOUS``), newest first."""
        return Query(AuditEntry, f"AUDITACTOR#{actor}", "gsi1", descending=True, **keys)

    @staticmethod
    def of_type(resource_type: str, **keys: Any) -> Query[AuditEntry]:
        """What was done to one kind of thing, newest first."""
        return Query(AuditEntry, f"AUDITTYPE#{resource_type}", "gsi2", descending=True, **keys)


class Actor(NamedTuple):
    """Who did it, where there is no signed-in caller: somebody registering, or the system."""

    user_id: str | None = None
    user_type: str | None = None
    kind: str = "SYSTEM"


SYSTEM = Actor()


def _short(value: Any, text: int = MAX_TEXT, items: int = MAX_LIST) -> Any:
    if isinstance(value, str):
        return value[:text]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_short(one, text, items) for one in list(value)[:items]]
    if isinstance(value, Mapping):
        return {str(name): _short(one, text, items) for name, one in value.items()}
    return value


def _fitting(meta: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry keeps of its ``meta`` (AUD-22): texts and lists cut, more of them where all is still too long."""
    for text, items in ((MAX_TEXT, MAX_LIST), (80, 20), (20, 5)):
        short: dict[str, Any] = _short(meta, text, items)
        if len(json.dumps(short, default=str, ensure_ascii=False).encode()) <= MAX_META_BYTES:
            return short
    return {"tooLong": sorted(str(name)[:MAX_TEXT] for name in meta)[:MAX_LIST]}


def write(
    tx: Transaction,
    action: AuditAction,
    resource_id: str,
    *,
    by: Caller | Actor = SYSTEM,
    meta: Mapping[str, Any] | None = None,
    reason: str | None = None,
) -> None:
    """Add the entry to the transaction of the change.

    ``meta`` names what changed, ``{"changed": {field: [before, after]}}``; never a secret, never personal data in
    clear.
    """
    now = clock.now()
    entry = _entry(ulid_for(now, os.urandom(16)), now, action.name, resource_id, by)
    entry.meta, entry.reason = _fitting(meta or {}), reason
    tx.put(entry, when=absent(AuditEntry), name=f"audit:{entry.id}")


def refused(caller: Caller, action: str, function: str, code: str) -> None:
    """Keep that a staff action was refused (AUD-25): at most one entry a caller, action and minute.

    The entry's id is made of those three, so that of many refusals one put succeeds. Failing to keep it changes
    nothing about the refusal; a metric counts it.
    """
    if not AUDIT_REFUSALS():
        return
    minute = clock.now().replace(second=0, microsecond=0)
    own_id = ulid_for(minute, f"{caller.user_id}#{action}".encode())
    entry = _entry(own_id, minute, action, function, caller, REFUSED)
    entry.reason = code
    try:
        table.put(entry, when=absent(AuditEntry))
    except ConditionFailed:
        return
    except ApiError:
        count_metric("AuditRefusalLost")


def _entry(
    entry_id: str, at: datetime, action: str, resource_id: str, by: Caller | Actor, outcome: str = DONE
) -> AuditEntry:
    run = context.current()
    actor = Actor(by.user_id, by.user_type, "USER") if isinstance(by, Caller) else by
    whom, resource_type = actor.user_id or actor.kind, action.partition(".")[0]
    kept_days = AUDIT_RETENTION_DAYS()
    return AuditEntry(
        *AuditEntry.place(f"{at:%Y-%m}", entry_id),
        id=entry_id,
        at=at,
        actor_user_id=actor.user_id,
        actor_kind=actor.kind,
        actor_user_type=actor.user_type,
        actor_roles=list(by.roles) if isinstance(by, Caller) else [],
        action=action,
        resource_type=resource_type,
        resource_id=resource_id,
        outcome=outcome,
        request_id=run.request_id,
        session_id=run.session_id,
        ip=run.source_ip,
        user_agent=run.user_agent,
        row={"action": action, "actor": whom, "resourceId": resource_id, "outcome": outcome},
        gsi1pk=f"AUDITACTOR#{whom}",
        gsi1sk=entry_id,
        gsi2pk=f"AUDITTYPE#{resource_type}",
        gsi2sk=entry_id,
        ttl=int(at.timestamp()) + kept_days * 86_400 if kept_days else None,
    )


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The fields of two states that differ, with both values."""
    names = sorted({*before, *after})
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}
