"""Does a student's card open what the entitlements say (ACC-22)? By construction it does; what does not is repaired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.commerce.subscriptions.card import CardFull, Draft, Entry, entries_of, entry
from chalicelib.commerce.subscriptions.items import Entitlement, entitlements_of
from chalicelib.commerce.subscriptions.writing import write_card
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.logs import alarm
from chalicelib.platform.store import Transaction, TransactionLost

REPAIR = audit.AuditAction("entitlement.repair", "A card opened other than entitlements say, and was repaired")


def repair_entitlements(card: AccessCard) -> bool:
    """Whether something was repaired. One query; the card was read before it.

    An entitlement that is not on the card, or with another time, is put there; what stands there for none that runs is
    taken away. What was merged, or moved out of something merged, may open more than the entitlement says, and stays.
    """
    if card.user_type != UserType.STUDENT:
        return False
    now = clock.epoch()
    due = {str(one.id): one for one in store.every(entitlements_of(str(card.user_id))) if _runs(one, now)}
    there = {key: one for key, one in entries_of(card).items() if int(one["endsAt"]) > now}
    lacking = [key for key, one in due.items() if not _is_there(key, one, there)]
    surplus = [key for key, one in there.items() if not due.keys() & set(one.get("of", [key]))]
    if not lacking and not surplus:
        return False
    draft = Draft.of(card, now)
    for key in surplus:
        draft.drop(key)
    for key in lacking:
        draft.put(key, _entry(due[key]))
    try:
        draft.fit()
    except CardFull:
        alarm("an access card lacks entitlements and has no room", userId=str(card.user_id), lacking=len(lacking))
        return False
    return _commit(draft, str(card.user_id), {"lacking": sorted(lacking), "surplus": sorted(surplus)})


def _runs(one: Entitlement, now: int) -> bool:
    return not one.revoked_at and int(one.ends_at.timestamp()) > now


def _entry(one: Entitlement) -> Entry:
    scope = {name: list(ids) for name, ids in plain(one.scope).items()}
    return entry(str(one.opens), scope, int(one.starts_at.timestamp()), int(one.ends_at.timestamp()))


def _is_there(key: str, one: Entitlement, there: Mapping[str, Entry]) -> bool:
    own = there.get(key)
    if own is None:
        return any(key in other.get("of", ()) for other in there.values())
    due = _entry(one)
    return (int(own["startsAt"]), int(own["endsAt"])) == (due["startsAt"], due["endsAt"])


def _commit(draft: Draft, user_id: str, meta: Mapping[str, Any]) -> bool:
    tx = Transaction()
    write_card(tx, draft, user_id)
    audit.write(tx, REPAIR, user_id, meta=meta)
    try:
        tx.commit()
    except TransactionLost:
        # A purchase came between the two reads: that is the difference, and its transaction wrote what is right.
        return False
    alarm("an access card had drifted", userId=user_id, lacking=meta["lacking"], surplus=meta["surplus"])
    return True
