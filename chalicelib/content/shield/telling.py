"""Writing to those who manage security that something of HIGH was noticed: at most once an hour (SHIELD-31).

A mail covers every signal that was raised before it was sent; whoever comes within the hour waits for its end.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from chalicelib.content.shield.events import SignalRaised
from chalicelib.content.shield.items import SignalNotice
from chalicelib.content.shield.settings import SHIELD_MAIL_MINUTES
from chalicelib.identity.accounts import User, user_key
from chalicelib.identity.roles import staff_with
from chalicelib.platform import clock, messages, store
from chalicelib.platform.access.catalogue import Permission
from chalicelib.platform.ids import ulid_at
from chalicelib.platform.messages import MessageClass, Template
from chalicelib.platform.signals import SecuritySignal, Severity
from chalicelib.platform.store import Transaction, TransactionLost
from chalicelib.platform.work import Later

SECURITY_SIGNALS = Template("SECURITY_SIGNALS", MessageClass.SECURITY, ("at", "count", "types"), ("userName",))
MOST_SIGNALS = 1_000


def tell(raised: SignalRaised) -> int:
    """Write about a signal of HIGH, and all others since the last mail; to how many people.

    None if a mail covered it already. Raises ``Later`` until an hour has passed since the last one.
    """
    known = store.get(SignalNotice, SignalNotice.place())
    sent_at = float(known.sent_at) if known is not None else 0.0
    if raised.severity != Severity.HIGH or sent_at > raised.at.timestamp():
        return 0
    now = clock.now()
    wait = sent_at + 60 * SHIELD_MAIL_MINUTES() - now.timestamp()
    if wait > 0:
        raise Later(int(wait) + 1)
    people = _managers()
    tx = Transaction()
    notice = SignalNotice(*SignalNotice.place(), sent_at=now.timestamp())
    same = store.absent(SignalNotice) if known is None else SignalNotice.sent_at == known.sent_at
    tx.put(notice, when=same, name="notice")
    types = _types(max(sent_at, raised.at.timestamp() - 1), now)
    for person in people:
        payload = {"at": clock.iso(raised.at), "count": max(1, sum(types.values())), "types": ", ".join(sorted(types))}
        messages.post(
            tx,
            SECURITY_SIGNALS,
            str(person.email),
            dedup=f"SECURITY_SIGNALS:{raised.signal_id}",
            user_id=str(person.id),
            locale=str(person.locale),
            payload={**payload, "userName": str(person.name)},
        )
    try:
        tx.commit()
    except TransactionLost:
        return 0  # somebody else's mail is under way, and covers this one
    return len(people)


def _types(since: float, now: datetime) -> dict[str, int]:
    """How many signals of HIGH there were of each type; of this month and, early in it, of the last."""
    start = datetime.fromtimestamp(since, UTC)
    bounds = (ulid_at(start), ulid_at(now + timedelta(seconds=1)))
    found: dict[str, int] = {}
    for month in sorted({f"{start:%Y-%m}", f"{now:%Y-%m}"})[-2:]:
        query = SecuritySignal.of_month(month, between=bounds, where=SecuritySignal.severity == Severity.HIGH)
        for one in store.fetch(query, limit=MOST_SIGNALS).items:
            found[str(one.type)] = found.get(str(one.type), 0) + 1
    return found


def _managers() -> list[User]:
    """Those who manage security."""
    found = staff_with(Permission.SECURITY_MANAGE)
    users = store.get_many([user_key(one) for one in found]) if found else []
    return [user for user in users if isinstance(user, User)]
