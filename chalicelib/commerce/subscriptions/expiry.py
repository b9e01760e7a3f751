"""Subscriptions whose time is over become EXPIRED (SUB-11, SUB-31): for lists, mails and statistics.

Access never waits for it, every check compares ends with now. The card keeps what has ended until the family's next
write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.commerce.subscriptions.card import families_of
from chalicelib.commerce.subscriptions.effects import Period
from chalicelib.commerce.subscriptions.items import ACTIVE, EXPIRED, Subscription, SubscriptionChange, SubscriptionRun
from chalicelib.commerce.subscriptions.runs import Begun, Row, begin, cards_of
from chalicelib.commerce.subscriptions.writing import SYSTEM, instant
from chalicelib.platform import audit, clock, settings
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import invalid
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, absent

EXPIRE = audit.AuditAction("subscription.expire", "A run ended the subscriptions whose time was over")

SUBSCRIPTION_EXPIRY_CRON = settings.text("SUBSCRIPTION_EXPIRY_CRON", default="10 0 * * ? *")
"""In the academy's time zone."""
TASK = "EXPIRE"
DAYS_BACK = 7
MOST_DAYS_BACK = 400


@frozen
class Over:
    """A subscription whose time is over; ``next``: the one of its family that runs on."""

    row: Row
    next: Period | None


def expire(given: Mapping[str, Any]) -> Begun:
    """Begin to expire what ended yesterday and on the six days before; ``given`` may say another number of ``days``.

    422 for a number that is none, or over 400.
    """
    days = given.get("days", DAYS_BACK)
    if not isinstance(days, int) or not 1 <= days <= MOST_DAYS_BACK:
        raise invalid("given.days", "RANGE", f"must be a whole number from 1 to {MOST_DAYS_BACK}")
    today = clock.academy_day(clock.now())
    return begin(TASK, [today - timedelta(days=back) for back in range(1, days + 1)])


class Expiry:
    """What the run does: the subscription and its change, two actions each."""

    at_once = 40

    def wanted(self, run: SubscriptionRun, day: str, rows: Sequence[Row]) -> list[Over]:
        """Those that have ended, with what follows them. A round trip a hundred people."""
        now = clock.now()
        ended = [row for row in rows if clock.parse_iso(row.ends_at) <= now]
        cards = cards_of([row.user_id for row in ended])
        return [Over(row, _following(cards.get(row.user_id), row.sub_id, int(now.timestamp()))) for row in ended]

    def add(self, tx: Transaction, one: Over) -> None:
        """If it is still ACTIVE, and ends when the list says."""
        row, now, ends_at = one.row, clock.now(), clock.parse_iso(one.row.ends_at)
        actions = [
            Subscription.status.set(EXPIRED),
            Subscription.row["status"].set(EXPIRED),
            Subscription.updated_at.set(now),
            Subscription.gsi2pk.remove(),
            Subscription.gsi2sk.remove(),
            Subscription.version.add(1),
        ]
        as_listed = cast(Condition, (Subscription.status == ACTIVE) & (Subscription.ends_at == ends_at))
        place = Subscription.place(row.user_id, row.sub_id)
        tx.update(Subscription, place, actions, when=as_listed, name=self.name_of(one))
        change_id = new_ulid()
        change = SubscriptionChange(
            *SubscriptionChange.place(row.user_id, row.sub_id, change_id),
            id=change_id,
            user_id=row.user_id,
            subscription_id=row.sub_id,
            plan_key=row.plan_key,
            change=TASK,
            seconds_delta=0,
            before={"startsAt": row.starts_at, "endsAt": row.ends_at, "status": ACTIVE},
            after={"startsAt": row.starts_at, "endsAt": row.ends_at, "status": EXPIRED},
            followed_by=_told(one.next) if one.next is not None else None,
            by=SYSTEM,
            at=now,
        )
        tx.put(change, when=absent(SubscriptionChange), name=f"change:{row.sub_id}")

    def name_of(self, one: Over) -> str:
        """The action on the subscription."""
        return f"subscription:{one.row.sub_id}"

    def finish(self, tx: Transaction, run_id: str, looked_at: int, changed: int) -> None:
        """The run's one entry in the audit trail (ENT-23)."""
        audit.write(tx, EXPIRE, run_id, meta={"lookedAt": looked_at, "expired": changed})


def _following(card: AccessCard | None, sub_id: str, now: int) -> Period | None:
    """What runs now in the family of a subscription that ended."""
    if card is None:
        return None
    for family in families_of(card).values():
        if any(period.sub_id == sub_id for period in family.periods):
            return next((one for one in family.periods if one.sub_id != sub_id and one.current(now)), None)
    return None


def _told(period: Period) -> dict[str, str]:
    return {
        "subscriptionId": period.sub_id,
        "planKey": period.plan_key,
        "startsAt": clock.iso(instant(period.starts_at)),
        "endsAt": clock.iso(instant(period.ends_at)),
    }
