"""Entitlements listed: for who holds them (ENT-01) and for staff (ENT-03)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from chalicelib.commerce.plans import read_items
from chalicelib.commerce.subscriptions.card import Entry, entries_of
from chalicelib.commerce.subscriptions.entitlement_schemas import (
    EntitlementList,
    EntitlementsQuery,
    NamedId,
    NamedScope,
    OwnEntitlement,
    OwnEntitlements,
    StaffEntitlement,
)
from chalicelib.commerce.subscriptions.items import entitlements_of
from chalicelib.commerce.subscriptions.names import names_of
from chalicelib.commerce.subscriptions.sources import counts
from chalicelib.commerce.subscriptions.views import entitlement_view, newest_first
from chalicelib.commerce.subscriptions.writing import instant
from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard


def own(card: AccessCard) -> OwnEntitlements:
    """What a card opens now, the longest first. No read but of names, which are kept."""
    now = clock.now().timestamp()
    running = [one for one in entries_of(card).values() if one["startsAt"] <= now < one["endsAt"]]
    names = names_of(_ids(running, "subjectIds"), _ids(running, "topicIds"), _ids(running, "noteIds"))
    return OwnEntitlements(
        items=[
            OwnEntitlement(kind=one["kind"], scope=_scope(one, names), ends_at=instant(int(one["endsAt"])))
            for one in sorted(running, key=lambda one: (-int(one["endsAt"]), str(one["kind"])))
        ]
    )


def _ids(entries: Iterable[Entry], name: str) -> list[str]:
    return [str(value) for one in entries for value in one.get(name) or ()]


def _scope(one: Entry, names: Mapping[str, str]) -> NamedScope:
    def named(name: str) -> list[NamedId]:
        return [NamedId(id=str(value), name=names.get(str(value))) for value in one.get(name) or ()]

    return NamedScope(
        subjects=named("subjectIds"), topics=named("topicIds"), notes=named("noteIds"), tests=named("testIds")
    )


def of_person(user_id: str, query: EntitlementsQuery) -> EntitlementList:
    """A person's entitlements, newest first, with who granted them. One query, one batch read."""
    now = clock.epoch()
    found = [one for one in store.every(entitlements_of(user_id)) if query.include_ended or counts(one, now)]
    granters = {str(one.granted_by) for one in found if one.granted_by}
    people = read_items((User.place(one) for one in sorted(granters)), consistent=False)
    names = {str(one.id): str(one.name) for one in people.values() if isinstance(one, User)}
    return EntitlementList(
        items=[
            StaffEntitlement(**entitlement_view(one).model_dump(), granted_by_name=names.get(str(one.granted_by or "")))
            for one in newest_first(found)
        ]
    )
