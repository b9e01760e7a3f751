"""Waiting after too many failures of one account (AUTH-44).

The tenth failure within any 15 minutes makes every further attempt wait, whatever its password: 30 seconds, and twice
as long after each attempt that fails then, up to 15 minutes. A quarter of an hour after the last wait it is forgotten.
Unknown addresses are counted alike.
"""

from __future__ import annotations

from chalicelib.identity.sessions.items import FailedProofs
from chalicelib.platform import clock, store
from chalicelib.platform.errors import RateLimited, Unavailable
from chalicelib.platform.records import frozen
from chalicelib.platform.store import ConditionFailed, Key

PASSWORD = "password"  # noqa: S105  # what was wrong
FACTOR = "factor"

FAILURES = 10
WINDOW_SECONDS = 900
FIRST_WAIT_SECONDS = 30
LONGEST_WAIT_SECONDS = 900
KEPT_SECONDS = 86_400
TRIES = 60


@frozen
class Standing:
    """Failures so far, newest last (epoch seconds); see ``FailedProofs``."""

    times: tuple[int, ...] = ()
    waits: int = 0
    wait_until: int = 0


def after_failure(before: Standing, now: int) -> Standing:
    """How it stands after one more failure; one that was under way when a wait began prolongs nothing."""
    if before.waits and now >= before.wait_until + WINDOW_SECONDS:
        before = Standing()
    times = (*(at for at in before.times if at > now - WINDOW_SECONDS), now)[-FAILURES:]
    if now < before.wait_until or (not before.waits and len(times) < FAILURES):
        return Standing(times, before.waits, before.wait_until)
    seconds = min(FIRST_WAIT_SECONDS * 2**before.waits, LONGEST_WAIT_SECONDS)
    return Standing(times, before.waits + 1, now + seconds)


def place(what: str, subject: str) -> Key:
    """What to read beside whatever is read first; ``subject``: a pseudonym, or a user id."""
    return FailedProofs.place(what, subject)


def refuse_while(failed: FailedProofs | None) -> None:
    """429 with ``Retry-After`` while the account waits."""
    left = int(failed.wait_until) - clock.epoch() if failed is not None else 0
    if left > 0:
        raise RateLimited(retry_after=left)


def count(what: str, subject: str, known: FailedProofs | None) -> bool:
    """Count one failure, and answer whether it was the one that made the account wait first.

    ``known``: the item as it was read. One round trip; more while others fail at the same moment. Raises
    ``Unavailable`` when it cannot be counted.
    """
    for _ in range(TRIES):
        before = _standing(known)
        after = after_failure(before, clock.epoch())
        try:
            _write(FailedProofs.place(what, subject), known, after)
        except ConditionFailed as failed:
            known = failed.item if isinstance(failed.item, FailedProofs) else None
            continue
        return after.waits == 1 and after.wait_until != before.wait_until
    raise Unavailable


def _standing(item: FailedProofs | None) -> Standing:
    if item is None:
        return Standing()
    return Standing(tuple(int(at) for at in item.times), int(item.waits), int(item.wait_until))


def _write(key: Key, known: FailedProofs | None, after: Standing) -> None:
    item = FailedProofs(
        *key,
        times=list(after.times),
        waits=after.waits,
        wait_until=after.wait_until,
        version=1 if known is None else int(known.version) + 1,
        ttl=max(after.wait_until, after.times[-1]) + KEPT_SECONDS,
    )
    as_read = store.absent(FailedProofs) if known is None else FailedProofs.version == known.version
    store.put(item, when=as_read)
