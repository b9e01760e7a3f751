"""A run over the subscriptions that end on certain days: page by page, resumable at any of them (SUB-11, SUB-12).

The run is an item. What a page changes and how far the run is stands in the same transactions, so that a worker that
is killed leaves nothing half counted: whoever comes next goes on from there. Two workers at one run lose to each other
on its version, and none of their work is done twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Protocol

from chalicelib.commerce.subscriptions.events import SubscriptionRunMessage
from chalicelib.commerce.subscriptions.items import Subscription, SubscriptionRun, ending_on
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.errors import Conflict
from chalicelib.platform.events.queues import Queues, send
from chalicelib.platform.http import ResponseModel
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import alarm, event
from chalicelib.platform.records import frozen
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost

RUNNING, DONE, FAILED = "RUNNING", "DONE", "FAILED"
PAGE = 200
KEYS_AT_ONCE = 100
TRIES = 8
RUNS_WITHOUT_PROGRESS = 8
RESERVE_SECONDS = 15.0
PAGES_A_RUN = 20
"""Of one run of the worker; the rest is the next message's, so that no run is long."""
KEPT_SECONDS = 90 * 86_400


class Begun(ResponseModel):
    """A run that began; a worker does it."""

    run_id: str
    days: list[str]


@frozen
class Row:
    """A subscription as the list of those that end on a day tells of it; the list may be a moment old."""

    sub_id: str
    user_id: str
    plan_key: str
    starts_at: str
    ends_at: str

    @classmethod
    def of(cls, subscription: Subscription) -> Row:
        """From its row in the index."""
        row = plain(subscription.row)
        sub_id = str(subscription.sk).removeprefix("SUB#")
        return cls(sub_id, *(str(row[name]) for name in ("userId", "planKey", "startsAt", "endsAt")))


class Work(Protocol):
    """What a run does with the subscriptions of a page."""

    at_once: int
    """Subscriptions of one transaction."""

    def wanted(self, run: SubscriptionRun, day: str, rows: Sequence[Row]) -> Sequence[Any]:
        """What there is to do, one each; reads what it needs."""

    def add(self, tx: Transaction, one: Any) -> None:
        """Add one to a transaction. If an action of the name of ``name_of`` loses, it is left out."""

    def name_of(self, one: Any) -> str:
        """The name of the action that says whether it is still wanted."""

    def finish(self, tx: Transaction, run_id: str, looked_at: int, changed: int) -> None:
        """Add to the transaction that ends the run: how many there were, and how many were changed."""


def begin(task: str, days: Sequence[date]) -> Begun:
    """Put a run; the stream hands it to its worker. One write."""
    now, run_id = clock.now(), new_ulid()
    named = [day.isoformat() for day in days]
    run = SubscriptionRun(
        *SubscriptionRun.place(run_id),
        id=run_id,
        task=task,
        state=RUNNING,
        days=named,
        created_at=now,
        updated_at=now,
        ttl=int((now + timedelta(seconds=KEPT_SECONDS)).timestamp()),
    )
    store.put(run, when=store.absent(SubscriptionRun))
    return Begun(run_id=run_id, days=named)


def carry_on(run_id: str, works: Mapping[str, Work], remaining: Callable[[], float]) -> str | None:
    """Carry a run 20 pages further, if ``remaining`` seconds allow, and see to it that it goes on; its state then.

    None for one that is unknown. Harmless when repeated, and when several do it at once. Raises what the table raises:
    the message then comes again.
    """
    run = _taken(run_id)
    if run is None:
        return None
    for _ in range(PAGES_A_RUN):
        if run.state == RUNNING and remaining() > RESERVE_SECONDS:
            run = _page(run, works[str(run.task)])
    if run.state == RUNNING:
        send(Queues.SUBSCRIPTION_RUNS, SubscriptionRunMessage(run_id=run_id))
    return str(run.state)


def cards_of(user_ids: Sequence[str]) -> dict[str, AccessCard]:
    """The access cards of people, by user id; a round trip a hundred."""
    found: dict[str, AccessCard] = {}
    for some in portions(list(dict.fromkeys(user_ids)), KEYS_AT_ONCE):
        for card in store.get_many([AccessCard.place(user_id) for user_id in some]):
            if isinstance(card, AccessCard):
                found[str(card.user_id)] = card
    return found


def portions(things: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """The things in their order, so many at a time."""
    for first in range(0, len(things), size):
        yield things[first : first + size]


def _taken(run_id: str) -> SubscriptionRun | None:
    """The run, with one more worker counted; one that got nowhere again and again has failed."""
    running = store.present(SubscriptionRun) & (SubscriptionRun.state == RUNNING)
    try:
        run = store.update(
            SubscriptionRun,
            SubscriptionRun.place(run_id),
            [SubscriptionRun.tries.add(1), SubscriptionRun.version.add(1)],
            when=running,
        )
    except ConditionFailed as failed:
        return failed.item if isinstance(failed.item, SubscriptionRun) else None
    if int(run.tries) <= RUNS_WITHOUT_PROGRESS:
        return run
    alarm("a run over subscriptions failed", runId=run_id, task=str(run.task), daysLeft=len(run.days))
    failing = [SubscriptionRun.state.set(FAILED), SubscriptionRun.version.add(1)]
    return store.update(SubscriptionRun, run.itself, failing, when=store.present(SubscriptionRun))


def _page(run: SubscriptionRun, work: Work) -> SubscriptionRun:
    """The next 200: what they need and the progress, a transaction a portion; the last one turns the page."""
    days = [str(day) for day in run.days]
    start = json.loads(run.cursor) if run.cursor else None
    found = store.fetch(ending_on(days[0]), limit=PAGE, start=start) if days else store.Slice([], None)
    wanted = work.wanted(run, days[0], [Row.of(one) for one in found.items]) if found.items else []
    parts = list(portions(wanted, work.at_once))
    for part in parts[:-1]:
        run, mine = _commit(run, work, part, {})
        if not mine:
            return run
    left = days if found.next_key else days[1:]
    turned: dict[str, Any] = {
        "days": left,
        "cursor": json.dumps(found.next_key) if found.next_key else None,
        "looked_at": int(run.looked_at) + len(found.items),
        "state": RUNNING if left else DONE,
    }
    run, _ = _commit(run, work, parts[-1] if parts else [], turned)
    if run.state == DONE:
        event("a run over subscriptions is done", runId=str(run.id), task=str(run.task), changed=int(run.changed))
    return run


def _commit(
    run: SubscriptionRun, work: Work, part: Sequence[Any], turned: Mapping[str, Any]
) -> tuple[SubscriptionRun, bool]:
    """One transaction of a portion and the progress; what somebody changed meanwhile is left out.

    The run as it is then; False when another worker is at it, and has changed it.
    """
    for _ in range(TRIES):
        changed = {**turned, "changed": int(run.changed) + len(part), "tries": 0, "updated_at": clock.now()}
        tx = Transaction()
        for one in part:
            work.add(tx, one)
        actions = [getattr(SubscriptionRun, name).set(value) for name, value in changed.items() if value is not None]
        actions += [getattr(SubscriptionRun, name).remove() for name, value in changed.items() if value is None]
        actions.append(SubscriptionRun.version.add(1))
        same = (SubscriptionRun.version == run.version) & (SubscriptionRun.state == RUNNING)
        tx.update(SubscriptionRun, run.itself, actions, when=same, name="run")
        if changed.get("state") == DONE:
            work.finish(tx, str(run.id), changed["looked_at"], changed["changed"])
        try:
            tx.commit()
        except TransactionLost as lost:
            there = lost.item("run")
            if lost.failed("run"):
                return (there if isinstance(there, SubscriptionRun) else run), False
            part = [one for one in part if not lost.failed(work.name_of(one))]
            continue
        return store.became(run, changed), True
    raise Conflict
