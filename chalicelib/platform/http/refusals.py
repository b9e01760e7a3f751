"""Repeated refusals by one limit raise a security signal (HTTP-45).

Loaded by the first refusal: no container needs it to start.
"""

from __future__ import annotations

import hashlib
import ipaddress

from botocore.exceptions import ClientError

from chalicelib.platform import clock, context, signals
from chalicelib.platform.errors import ApiError
from chalicelib.platform.http.limits import RateWindow, Verdict
from chalicelib.platform.logs import count_metric
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import table

ENOUGH = 20
WITHIN_SECONDS = 600
ONCE_SECONDS = 3_600
_ADDRESS = "ip:"


def remember(verdict: Verdict) -> None:
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
    try:
        known = ipaddress.ip_network(address, strict=False)
    except ValueError:
        return "unknown"
    return str(known.supernet(new_prefix=24 if known.version == 4 else 48))
