"""The audit trail: an entry commits with the change it tells of, or not at all (AUD-20 … AUD-25).

No code path changes or removes an entry, and every role's policy denies it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from pynamodb.attributes import ListAttribute, MapAttribute, UnicodeAttribute

from chalicelib.platform import clock, context, settings
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store.items import InstantAttribute, Item
from chalicelib.platform.store.keys import Key
from chalicelib.platform.store.table import absent
from chalicelib.platform.store.transaction import Transaction

AUDIT_RETENTION_DAYS = settings.integer("AUDIT_RETENTION_DAYS", default=0, minimum=0, maximum=36_500)
MAX_TEXT = 200
MAX_LIST = 50


@dataclass(frozen=True)
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
    """Who changed what, when, from where."""

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


class Actor(NamedTuple):
    """Who did it, where there is no signed-in caller: somebody registering, or the system."""

    user_id: str | None = None
    user_type: str | None = None
    kind: str = "SYSTEM"


SYSTEM = Actor()


def _short(value: Any) -> Any:
    if isinstance(value, str):
        return value[:MAX_TEXT]
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_short(one) for one in list(value)[:MAX_LIST]]
    if isinstance(value, Mapping):
        return {str(name): _short(one) for name, one in value.items()}
    return value


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

    ``meta`` names what changed, ``{"changed": {field: [before, after]}}``; never a secret, never personal data in clear.
    """
    run = context.current()
    entry_id, now = new_ulid(), clock.now()
    actor = Actor(by.user_id, by.user_type, "USER") if isinstance(by, Caller) else by
    roles = list(by.roles) if isinstance(by, Caller) else []
    kept_days = AUDIT_RETENTION_DAYS()
    entry = AuditEntry(
        *AuditEntry.place(f"{now:%Y-%m}", entry_id),
        id=entry_id,
        at=now,
        actor_user_id=actor.user_id,
        actor_kind=actor.kind,
        actor_user_type=actor.user_type,
        actor_roles=roles,
        action=action.name,
        resource_type=action.resource_type,
        resource_id=resource_id,
        outcome="DONE",
        reason=reason,
        meta=_short(meta or {}),
        request_id=run.request_id,
        session_id=run.session_id,
        ip=run.source_ip,
        user_agent=run.user_agent,
        gsi1pk=f"AUDITACTOR#{actor.user_id or actor.kind}",
        gsi1sk=entry_id,
        gsi2pk=f"AUDITTYPE#{action.resource_type}",
        gsi2sk=entry_id,
        ttl=int(now.timestamp()) + kept_days * 86_400 if kept_days else None,
    )
    tx.put(entry, when=absent(AuditEntry), name=f"audit:{entry_id}")


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The fields of two states that differ, with both values."""
    names = sorted({*before, *after})
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}
