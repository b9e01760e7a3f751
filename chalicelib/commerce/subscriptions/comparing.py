"""A card beside what it should hold (SUB-14): what differs, and the card put right."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.commerce.subscriptions.card import SCOPE_LISTS, Draft, Entry, entries_of, families_of
from chalicelib.commerce.subscriptions.items import (
    Entitlement,
    Subscription,
    entitlements_of,
    subscriptions_of,
)
from chalicelib.commerce.subscriptions.sources import Due, due
from chalicelib.commerce.subscriptions.writing import instant, write_card
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction


@frozen
class Differences:
    """Ids and families that differ.

    ``lacking``: entitlements that the card lacks, or has with another kind or time, or with less of their scope;
    ``surplus``: what stands on the card for none that counts; ``wider``: with more than their scope, as what came out
    of something merged has; ``families``: whose periods are others.
    """

    lacking: tuple[str, ...] = ()
    surplus: tuple[str, ...] = ()
    wider: tuple[str, ...] = ()
    families: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.lacking or self.surplus or self.wider or self.families)

    def plain(self) -> dict[str, list[str]]:
        """As answers and the audit trail show them."""
        return {
            "lacking": list(self.lacking),
            "surplus": list(self.surplus),
            "wider": list(self.wider),
            "families": list(self.families),
        }


def due_of(user_id: str, now: int) -> Due:
    """What somebody's card should hold. Two queries side by side."""
    held, opened = together(
        lambda: store.every(subscriptions_of(user_id)), lambda: store.every(entitlements_of(user_id))
    )
    subscriptions: list[Subscription] = held if isinstance(held, list) else []
    entitlements: list[Entitlement] = opened if isinstance(opened, list) else []
    return due(subscriptions, entitlements, now)


def compare(card: AccessCard, should: Due, now: int) -> Differences:
    """What of a card's entitlements and periods that have not ended differs from what it should hold."""
    there = {key: one for key, one in entries_of(card).items() if int(one["endsAt"]) > now}
    merged = {member: one for one in there.values() for member in one.get("of", ())}
    lacking, wider = [], []
    for key, one in should.entries.items():
        own = there.get(key)
        if own is None:
            own = merged.get(key)
        elif _more(own, one):
            wider.append(key)
        if own is None or not _covers(own, one):
            lacking.append(key)
    surplus = [key for key, one in there.items() if not should.entries.keys() & set(one.get("of", [key]))]
    families = {
        name: tuple(sorted((one for one in had.periods if one.ends_at > now), key=lambda one: one.starts_at))
        for name, had in families_of(card).items()
    }
    differing = [
        name
        for name in sorted({*families, *should.families})
        if families.get(name, ()) != should.families.get(name, ())
    ]
    return Differences(tuple(sorted(lacking)), tuple(sorted(surplus)), tuple(sorted(wider)), tuple(differing))


def put_right(tx: Transaction, card: AccessCard, should: Due, differences: Differences, now: int) -> None:
    """Add the card's writes, on the condition that nothing of it, nor the entitlements that it gets, changed since.

    Raises ``CardFull``.
    """
    user_id, draft = str(card.user_id), Draft.of(card, now)
    for key in differences.surplus:
        draft.drop(key)
    for key in (*differences.lacking, *differences.wider):
        one = should.entries[key]
        draft.put(key, one)
        unchanged = Entitlement.revoked_at.does_not_exist() & (Entitlement.ends_at == instant(int(one["endsAt"])))
        tx.check(Entitlement, Entitlement.place(user_id, key), unchanged, name="entitlement")
    for name in differences.families:
        if name in should.families:
            draft.write_family(name, should.families[name])
        else:
            del draft.families[name]
    draft.fit()
    write_card(tx, draft, user_id)


def _scope(one: Mapping[str, object]) -> set[object]:
    found: set[object] = set()
    for name in SCOPE_LISTS:
        ids = one.get(name)
        found.update(ids if isinstance(ids, (list, tuple)) else ())
    return found


def _covers(own: Entry, one: Entry) -> bool:
    """Whether what stands on the card does all that the entitlement does, no longer and no shorter."""
    same = all(own[name] == one[name] for name in ("kind", "startsAt", "endsAt"))
    return same and (not _scope(own) or bool(_scope(one) and _scope(own) >= _scope(one)))


def _more(own: Entry, one: Entry) -> bool:
    return _scope(own) != _scope(one) and (not _scope(own) or _scope(own) > _scope(one) > set())
