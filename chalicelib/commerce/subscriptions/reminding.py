"""Telling people that their subscription ends (SUB-12, SUB-32): nothing renews itself, so it has to be said in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from chalicelib.commerce.subscriptions.card import families_of
from chalicelib.commerce.subscriptions.items import SubscriptionReminder, SubscriptionRun
from chalicelib.commerce.subscriptions.runs import Begun, Row, begin, cards_of, portions
from chalicelib.commerce.subscriptions.writing import instant
from chalicelib.platform import clock, settings, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import Transaction, absent


def _days(text: str) -> tuple[int, ...]:
    days = tuple(int(one) for one in text.split(",") if one.strip())
    if any(not 0 < day <= 90 for day in days) or len(days) > 10:
        raise ValueError(text)
    return days


EXPIRY_REMINDER_DAYS = settings.parsed(
    "EXPIRY_REMINDER_DAYS", default="7,1", parse=_days, rule="at most ten numbers of days from 1 to 90, with commas"
)
TASK = "REMIND"
KEPT_SECONDS = 30 * 86_400


def remind() -> Begun:
    """Begin to remind those whose subscription ends in seven days, and in one, with nothing behind it."""
    today = clock.academy_day(clock.now())
    return begin(TASK, [today + timedelta(days=days) for days in EXPIRY_REMINDER_DAYS()])


class Reminding:
    """What the run does: a reminder each, once for each end and number of days."""

    at_once = 90

    def wanted(self, run: SubscriptionRun, day: str, rows: Sequence[Row]) -> list[SubscriptionReminder]:
        """Reminders that are not there yet. Two round trips a hundred people."""
        days = (date.fromisoformat(day) - clock.academy_day(run.created_at)).days
        cards = cards_of([row.user_id for row in rows])
        due = [_reminder(row, days) for row in rows if _ends(cards.get(row.user_id), row)]
        there = {
            item.itself
            for some in portions([one.itself for one in due], 100)
            for item in store.get_many(list(some))
            if item is not None
        }
        return [one for one in due if one.itself not in there]

    def add(self, tx: Transaction, one: SubscriptionReminder) -> None:
        """Once."""
        tx.put(one, when=absent(SubscriptionReminder), name=self.name_of(one))

    def name_of(self, one: SubscriptionReminder) -> str:
        """The action that puts it."""
        return f"reminder:{one.subscription_id}"

    def finish(self, tx: Transaction, run_id: str, looked_at: int, changed: int) -> None:
        """Reminders change nothing that the audit trail tells of."""


def _ends(card: AccessCard | None, row: Row) -> bool:
    """Whether the card says so too, and nothing of the family goes on after it; for accounts that can be used."""
    if card is None or card.status != "ACTIVE":
        return False
    for family in families_of(card).values():
        own = next((one for one in family.periods if one.sub_id == row.sub_id), None)
        if own is not None:
            last = all(one.ends_at <= own.ends_at for one in family.periods)
            return last and clock.iso(instant(own.ends_at)) == row.ends_at
    return False


def _reminder(row: Row, days: int) -> SubscriptionReminder:
    ends_at = clock.parse_iso(row.ends_at)
    return SubscriptionReminder(
        *SubscriptionReminder.place(row.user_id, row.sub_id, ends_at, days),
        user_id=row.user_id,
        subscription_id=row.sub_id,
        plan_key=row.plan_key,
        ends_at=ends_at,
        days=days,
        ttl=int(ends_at.timestamp()) + KEPT_SECONDS,
    )
