"""The audit trail, asked (AUD-01, AUD-02): the most selective of resource, actor and type chooses the index."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import reduce
from operator import and_
from typing import Any, NamedTuple

from pynamodb.expressions.condition import Condition

from chalicelib.insight.audit_trail import actions
from chalicelib.insight.audit_trail.errors import AuditNotFound
from chalicelib.insight.audit_trail.items import AuditByResource
from chalicelib.insight.audit_trail.schemas import ME, AuditActions, AuditActionView, AuditEntryView, AuditQuery
from chalicelib.insight.audit_trail.showing import whole
from chalicelib.platform.access import decisions
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.resources import ACADEMY, Resource
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.errors import invalid
from chalicelib.platform.http.models import Page
from chalicelib.platform.http.periods import Period, opened, sealed, walk
from chalicelib.platform.ids import month_of
from chalicelib.platform.store import Query, Slice
from chalicelib.platform.store.pages import start_key

LIST = "audit.entries"
USUAL = timedelta(days=7)
MOST = timedelta(days=92)
_ONE = [""]

ENTRY = Resource(
    param="entry",
    item=AuditEntry,
    key=lambda path, _: AuditEntry.of_id(path["auditId"]),
    entity=lambda _: ACADEMY,
    missing=AuditNotFound,
)
"""One entry: its id says in which month it is."""


def entries(query: AuditQuery, caller: Caller) -> Page[AuditEntryView]:
    """One page, newest first: one round trip for the list, one for what it names. 403 unless one may see it."""
    own = query.actor_user_id in {ME, caller.user_id}
    decisions.require(caller, Actions.ADMIN_AUDIT_LIST, decisions.own_entity(caller) if own else ACADEMY)
    trail, place = trail_of(query, caller), opened(LIST, caller.user_id, query, usual=USUAL, most=MOST)
    found = trail.read(place.period, query.limit, place.start)
    return Page(
        items=whole(found.items).views(),
        next_cursor=sealed(LIST, caller.user_id, query, place.period, found.next_key),
    )


def one(entry: AuditEntry) -> AuditEntryView:
    """One entry with the name of who did it."""
    return whole([entry]).views()[0]


def every_action() -> AuditActions:
    """All actions that entries can name."""
    items = [
        AuditActionView(action=name, resource_type=name.partition(".")[0], description=text)
        for name, text in actions.known().items()
    ]
    return AuditActions(items=items)


class Trail(NamedTuple):
    """The queries that answer a question, and whether there is one a month."""

    query_of: Callable[[str, tuple[str, str]], Query[Any]]
    monthly: bool = False
    empty: bool = False

    def read(self, period: Period, limit: int, start: dict[str, str] | None) -> Slice[AuditEntry]:
        """Some entries of a period, newest first."""
        if self.empty:
            return Slice([], None)
        parts = period.months() if self.monthly else _ONE
        ids = period.ids()
        return walk(lambda part: self.query_of(part, ids), parts, limit=limit, start=start)

    def after(self, period: Period, entry: AuditEntry) -> dict[str, str]:
        """Where the page after an entry begins."""
        part = month_of(entry.id) if self.monthly else _ONE[0]
        return {**start_key(self.query_of(part, period.ids()), entry), "part": part}


def trail_of(query: AuditQuery, caller: Caller) -> Trail:
    """The index that fits a question best. 422 for an action that nothing writes, or an id without its kind."""
    if query.action is not None and query.action not in actions.known():
        raise invalid("query.action", "UNKNOWN", "must be an action that entries name")
    if query.resource_id is not None and query.resource_type is None:
        raise invalid("query.resourceType", "REQUIRED", "must say what kind of thing resourceId is")
    kind = query.action.partition(".")[0] if query.action is not None else query.resource_type
    if query.resource_type not in {None, kind}:
        return Trail(_nothing, empty=True)
    actor = caller.user_id if query.actor_user_id == ME else query.actor_user_id
    if query.resource_id is not None:
        resource = (str(query.resource_type), query.resource_id)
        where = _where(query, actor=actor)
        return Trail(lambda _, ids: AuditByResource.of_resource(*resource, between=ids, where=where))
    if actor is not None:
        where = _where(query, kind=kind)
        return Trail(lambda _, ids: AuditEntry.of_actor(actor, between=ids, where=where))
    where = _where(query)
    if kind is not None:
        return Trail(lambda _, ids: AuditEntry.of_type(kind, between=ids, where=where))
    return Trail(lambda month, ids: AuditEntry.of_month(month, between=ids, where=where), monthly=True)


def _nothing(part: str, ids: tuple[str, str]) -> Query[Any]:
    return AuditEntry.of_month(part, between=ids)


def _where(query: AuditQuery, *, actor: str | None = None, kind: str | None = None) -> Condition | None:
    """What the key condition does not say, asked of the ``row`` that every kind of item carries."""
    row = AuditEntry.row
    wanted: list[Condition] = []
    if actor is not None:
        wanted.append(row["actor"] == actor)
    if query.action is not None:
        wanted.append(row["action"] == query.action)
    elif kind is not None:
        wanted.append(row["action"].startswith(f"{kind}."))
    if query.outcome is not None:
        wanted.append(row["outcome"] == query.outcome)
    return reduce(and_, wanted) if wanted else None
