"""Carrying an edit of a role to the cards of many holders (ACC-20): 80 cards a transaction, resumable at any of them.

The role itself has changed already: whoever is given it in between gets the new permissions. An edit that gives and
takes goes over the cards twice, and the first pass only takes away. The last pass writes every card, also one that says
the right thing already: so whatever somebody computed from the role as it was before loses its condition (``rights``).
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from chalicelib.identity.roles.items import DONE, FAILED, RUNNING, Role, RoleChange, RoleHolder
from chalicelib.identity.roles.rights import Rights, as_read, current, due_of, every_role
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict
from chalicelib.platform.events.queues import Queues, send
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import alarm
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost

CARDS_AT_ONCE = 80
STEPS_A_RUN = 5
"""Transactions of one run of the worker; the rest is the next message's, so that no run is long."""
TRIES = 8
RUNS_WITHOUT_PROGRESS = 8
KEPT_SECONDS = 30 * 86_400


class RoleChangeMessage(BaseModel):
    """Which change to carry on with."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True, defer_build=True)

    change_id: str


def begin(tx: Transaction, role: Role, *, removing: bool) -> RoleChange:
    """Add to the transaction of an edit that its holders' cards follow; the stream starts the worker."""
    now = clock.now()
    change_id = new_ulid()
    change = RoleChange(
        *RoleChange.place(change_id),
        id=change_id,
        role_key=role.key,
        role_version=int(role.version) + 1,
        removing=removing,
        remaining=int(role.holders),
        created_at=now,
        updated_at=now,
        ttl=int(now.timestamp()) + KEPT_SECONDS,
    )
    tx.put(change, when=store.absent(RoleChange), name="change")
    return change


def of_role(role: Role) -> RoleChange | None:
    """The last change that was carried to many holders; None when there was none lately. At most one round trip."""
    return store.get(RoleChange, RoleChange.place(role.change_id)) if role.change_id else None


def of_roles(roles: list[Role]) -> dict[str, RoleChange]:
    """The last changes of roles, by role key. At most one round trip."""
    places = [RoleChange.place(role.change_id) for role in roles if role.change_id]
    found = store.get_many(places) if places else []
    return {str(change.role_key): change for change in found if isinstance(change, RoleChange)}


def carry_on(change_id: str) -> str | None:
    """Carry a change a few transactions further, and see to it that it goes on; its state, None for an unknown one.

    Harmless when repeated, and when several do it at once. Raises what the table raises: the message then comes again.
    """
    change = _taken(change_id)
    if change is None:
        return None
    for _ in range(STEPS_A_RUN):
        if change.state == RUNNING:
            change = _step(change)
    if change.state == RUNNING:
        send(Queues.ROLE_CHANGES, RoleChangeMessage(change_id=change_id))
    return str(change.state)


def _taken(change_id: str) -> RoleChange | None:
    """The change, with one more run counted; one that got nowhere again and again has failed."""
    try:
        change = store.update(
            RoleChange,
            RoleChange.place(change_id),
            [RoleChange.tries.add(1), RoleChange.version.add(1)],
            when=store.present(RoleChange) & (RoleChange.state == RUNNING),
        )
    except ConditionFailed as failed:
        return failed.item if isinstance(failed.item, RoleChange) else None
    if int(change.tries) <= RUNS_WITHOUT_PROGRESS:
        return change
    alarm("role change failed", roleKey=str(change.role_key), changeId=change_id, remaining=int(change.remaining))
    failing = [RoleChange.state.set(FAILED), RoleChange.version.add(1)]
    return store.update(RoleChange, change.itself, failing, when=store.present(RoleChange))


def _step(change: RoleChange) -> RoleChange:
    """The next 80 holders: their cards and the progress in one transaction."""
    for _ in range(TRIES):
        start_at = RoleHolder.after(str(change.role_key), change.cursor)
        found = store.fetch(RoleHolder.of(str(change.role_key)), limit=CARDS_AT_ONCE, start=start_at)
        tx = Transaction()
        _recompute(tx, [str(holder.user_id) for holder in found.items], taking=bool(change.removing))
        last = str(found.items[-1].user_id) if found.items else None
        progress = _progress(change, last if found.next_key else None, len(found.items))
        actions = [getattr(RoleChange, name).set(value) for name, value in progress.items() if value is not None]
        actions += [getattr(RoleChange, name).remove() for name, value in progress.items() if value is None]
        actions.append(RoleChange.version.add(1))
        when = (RoleChange.version == change.version) & (RoleChange.state == RUNNING)
        tx.update(RoleChange, change.itself, actions, when=when, name="change")
        try:
            tx.commit()
        except TransactionLost as lost:
            there = lost.item("change")
            if lost.failed("change"):
                # Another run of the worker is at it: go on from where that one is.
                if not isinstance(there, RoleChange) or there.state != RUNNING:
                    return there if isinstance(there, RoleChange) else change
                change = there
            continue
        return store.became(change, progress)
    raise Conflict


def _progress(change: RoleChange, cursor: str | None, cards: int) -> dict[str, Any]:
    """What a step changes; ``cursor`` is None at the end of a pass."""
    progress: dict[str, Any] = {"cursor": cursor, "tries": 0, "updated_at": clock.now()}
    if change.removing:
        return {**progress, "removing": cursor is not None}
    if cursor is None:
        return {**progress, "remaining": 0, "state": DONE}
    return {**progress, "remaining": max(0, int(change.remaining) - cards)}


def _recompute(tx: Transaction, user_ids: list[str], *, taking: bool) -> None:
    found = store.get_many([AccessCard.place(user_id) for user_id in user_ids]) if user_ids else []
    cards = [card for card in found if isinstance(card, AccessCard)]
    if len(cards) < len(user_ids):
        alarm("holders of a role have no access card", missing=len(user_ids) - len(cards))
    by_key = every_role() if cards else {}
    for card in cards:
        there, due = current(card), due_of(card, by_key)
        new: Rights = there.only_of(due) if taking else due
        if not taking or new != there:
            tx.update(AccessCard, card.itself, new.actions(card), when=as_read(card), name=f"card:{card.user_id}")
