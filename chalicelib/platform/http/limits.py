"""Rate limits (HTTP-40 … HTTP-45).

*Edge* classes are counted in front of the gateway (a rate-based rule deployed, in process locally); *exact* ones in the
table, one counter a class, subject and clock-aligned window: of all requests counted in one window at most N pass.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Sequence
from concurrent.futures import wait
from enum import Enum
from functools import partial

from botocore.exceptions import ClientError
from pynamodb.attributes import NumberAttribute

from chalicelib.platform import clock, context, settings
from chalicelib.platform.errors import ApiError, RateLimited, Unavailable
from chalicelib.platform.logs import count_metric
from chalicelib.platform.parallel import submit
from chalicelib.platform.records import frozen
from chalicelib.platform.store import table
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key

ENOUGH = 20
WITHIN_SECONDS = 600
ONCE_SECONDS = 3_600
"""That many refusals of a subject and class within so many seconds are signalled, once in so many (HTTP-45)."""
_ADDRESS = "ip:"
_RATE = re.compile(r"(\d{1,7})/(\d{1,7})")
EDGE_LIMITS = settings.choice("EDGE_LIMITS", default="edge", choices=("edge", "function"))


class RateWindow(Item, discriminator="RateWindow"):
    """The exact counter of one class and subject in one window."""

    hits = NumberAttribute(default=0)

    @staticmethod
    def place(limit: str, subject: str, window_start: int) -> Key:
        """Its key; the subject is a user id, an address or an HMAC, never an e-mail."""
        return Key(f"RATE#{limit}#{subject}#{window_start}", "RATE")


class Per(Enum):
    """Whom a limit counts."""

    CALLER = "caller"
    IP = "ip"
    OWN = "own"
    """The use case counts, by a subject that only it knows."""


def _parse_rate(raw: str) -> tuple[int, int] | None:
    if raw == "off" and settings.is_local():
        return None
    match = _RATE.fullmatch(raw)
    if match is None or int(match[1]) < 1 or int(match[2]) < 1:
        raise ValueError(raw)
    return int(match[1]), int(match[2])


class Limit:
    """One limit class; ``RATE_<NAME>`` = ``<count>/<seconds>``, ``off`` in local and test stages only.

    ``closed``: when the counter cannot be written the request is refused (503) instead of let pass (HTTP-44).
    """

    def __init__(self, name: str, rate: str, per: Per, *, closed: bool = False, edge: bool = False) -> None:
        self.name = name
        self.per = per
        self.closed = closed
        self.edge = edge
        self.rate = settings.parsed(
            "RATE_" + name.upper().replace("-", "_"),
            default=rate,
            parse=_parse_rate,
            rule="<count>/<seconds>, or off in a local stage",
        )


class Limits:
    """All classes and their defaults."""

    DEFAULT = Limit("default", "120/60", Per.CALLER, edge=True)
    ASSETS = Limit("assets", "300/60", Per.CALLER, edge=True)
    WEBHOOK = Limit("webhook", "300/60", Per.IP, edge=True)
    DOCS = Limit("docs", "30/60", Per.IP, edge=True)
    AUTH = Limit("auth", "10/60", Per.OWN, closed=True)
    AUTH_ADDRESS = Limit("auth-address", "60/60", Per.IP, closed=True)
    AUTH_FAILURES = Limit("auth-failures", "10/60", Per.OWN, closed=True)
    REGISTER = Limit("register", "30/60", Per.IP)
    REGISTER_DAY = Limit("register-day", "300/86400", Per.IP)
    REFRESH = Limit("refresh", "10/60", Per.OWN)
    OTP_ADDRESS = Limit("otp-address", "30/60", Per.IP, closed=True)
    OTP_HOUR = Limit("otp-hour", "5/3600", Per.OWN, closed=True)
    INVITE = Limit("invite", "30/3600", Per.CALLER)
    EXPORT = Limit("export", "10/600", Per.CALLER)
    TEST_MAIL = Limit("test-mail", "10/3600", Per.CALLER)
    CHECKOUT = Limit("checkout", "5/600", Per.CALLER, closed=True)
    COUPON = Limit("coupon", "10/60", Per.CALLER)
    ORDER_STATUS = Limit("order-status", "60/60", Per.OWN)
    NOTE_CONTENT = Limit("note-content", "60/120", Per.OWN)
    VIEW_SESSION = Limit("view-session", "20/60", Per.CALLER)
    BULK = Limit("bulk", "10/60", Per.CALLER)
    UPLOAD = Limit("upload", "60/60", Per.CALLER)
    WEBHOOK_FAILURES = Limit("webhook-failures", "20/60", Per.OWN)


@frozen
class Verdict:
    """How one counter stands after this request; ``subject``: whom it counts."""

    limit: Limit
    allowed: bool
    count: int
    remaining: int
    reset: int
    subject: str = ""

    def headers(self) -> dict[str, str]:
        """``RateLimit-*`` (HTTP-41)."""
        rate = self.limit.rate()
        return {
            "RateLimit-Limit": str(rate[0] if rate else 0),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }


def _window(limit: Limit) -> tuple[int, int, int, int] | None:
    rate = limit.rate()
    if rate is None:
        return None
    most, seconds = rate
    now = clock.now().timestamp()
    start = int(now // seconds) * seconds
    return most, seconds, start, max(1, math.ceil(start + seconds - now))


def hit(limit: Limit, subject: str) -> Verdict | None:
    """Count one request; never reads first. None when the class is off, or could not be counted and may pass.

    Raises ``Unavailable`` for a *closed* class whose counter cannot be written.
    """
    window = _window(limit)
    if window is None:
        return None
    most, seconds, start, reset = window
    try:
        counted = table.update(
            RateWindow,
            RateWindow.place(limit.name, subject, start),
            [
                RateWindow.hits.add(1),
                RateWindow.kind.set(RateWindow),
                RateWindow.ttl.set(start + seconds + 60),
            ],
        )
    except (ApiError, ClientError) as error:
        if limit.closed:
            raise Unavailable from error
        count_metric("LimiterUnavailable")
        return None
    count = int(counted.hits)
    return Verdict(limit, count <= most, count, max(0, most - count), reset, subject)


def peek(limit: Limit, subject: str) -> Verdict | None:
    """How a counter stands, without counting: is there room for one more?"""
    window = _window(limit)
    if window is None:
        return None
    most, _, start, reset = window
    counted = table.get(RateWindow, RateWindow.place(limit.name, subject, start))
    count = int(counted.hits) if counted else 0
    return Verdict(limit, count < most, count, max(0, most - count), reset, subject)


def _remember(verdict: Verdict) -> None:
    """Count a refusal; the 20th of a subject and class within ten minutes of the clock is signalled. One write.

    Never fails the refusal. Where the class's own window is short, its counter alone tells that the 20 are over: who
    goes on knocking costs no further write.
    """
    rate = verdict.limit.rate()
    if rate is None or (rate[1] <= WITHIN_SECONDS and verdict.count - rate[0] > ENOUGH):
        return
    start = clock.epoch() // WITHIN_SECONDS * WITHIN_SECONDS
    try:
        counted = table.update(
            RateWindow,
            RateWindow.place(f"refused-{verdict.limit.name}", verdict.subject, start),
            [
                RateWindow.hits.add(1),
                RateWindow.kind.set(RateWindow),
                RateWindow.ttl.set(start + WITHIN_SECONDS + 60),
            ],
        )
    except (ApiError, ClientError):
        count_metric("LimiterUnavailable")
        return
    if int(counted.hits) == ENOUGH:
        _signal(verdict)


def _signal(verdict: Verdict) -> None:
    # Loaded by the first who earns one: no container needs it to start.
    from chalicelib.platform import signals
    from chalicelib.platform.signals import Severity, SignalType

    by_address = verdict.subject.startswith(_ADDRESS)
    which = hashlib.sha256(verdict.subject.encode()).hexdigest()[:16]
    signals.notice(
        SignalType.TOO_MANY_REQUESTS,
        Severity.MEDIUM,
        user_id=None if by_address else context.current().caller_id,
        subject=_network(verdict.subject.removeprefix(_ADDRESS)) if by_address else verdict.subject,
        apart=f"{verdict.limit.name}#{which}",
        every=ONCE_SECONDS,
        meta={"class": verdict.limit.name},
    )


def _network(address: str) -> str:
    """The neighbourhood of an address, which is nobody's own: /24 of an IPv4, /48 of an IPv6."""
    import ipaddress

    try:
        known = ipaddress.ip_network(address, strict=False)
    except ValueError:
        return "unknown"
    return str(known.supernet(new_prefix=24 if known.version == 4 else 48))


def refuse_if_any(verdicts: Sequence[Verdict | None]) -> None:
    """429 if one refuses; the longest wait wins. Who is refused again and again is signalled (HTTP-45)."""
    refused = [verdict for verdict in verdicts if verdict is not None and not verdict.allowed]
    if refused:
        for verdict in refused:
            _remember(verdict)
        longest = max(refused, key=lambda verdict: verdict.reset)
        raise RateLimited(retry_after=longest.reset, headers=longest.headers())


class Counting:
    """The counters of one request, counted beside its first read (HTTP-41)."""

    def __init__(self, counters: Sequence[tuple[Limit, str]] = ()) -> None:
        self._later = [submit(partial(hit, *one)) for one in counters]

    def wait(self) -> None:
        """Until all are counted. Also when the request is refused: a frozen container must not write minutes later."""
        wait(self._later)

    def settle(self) -> list[Verdict | None]:
        """How they stand. Raises ``RateLimited`` if one refuses, ``Unavailable`` if a *closed* one is not counted."""
        self.wait()
        verdicts: list[Verdict | None] = [one.result() for one in self._later]
        refuse_if_any(verdicts)
        return verdicts
