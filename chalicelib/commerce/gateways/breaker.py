"""The breaker in front of a gateway that does not answer (PAY-47).

Five failures in a row within a minute, of calls that begin a payment, open it for half a minute: until then nobody is
made to wait for such a call, and no order is placed for it. Afterwards one more failure within that minute opens it
again, and one success forgets them all. Asking how a payment or refund stands is never held back: money may be there.

It stands in the table and not in a container: one container serves a checkout at a time, so that with calls of ten
seconds each it would hardly ever see five failures within a minute, and its neighbours would learn nothing from it.
While a gateway is well nothing is written; what it says is read along with what a checkout reads anyway.
"""

from __future__ import annotations

from typing import cast

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.commerce.gateways.interface import NotSent
from chalicelib.commerce.gateways.items import GatewayHealth
from chalicelib.platform import clock, store
from chalicelib.platform.errors import ApiError
from chalicelib.platform.logs import alarm, event
from chalicelib.platform.store import ConditionFailed, Key

FAILURES = 5
WITHIN_SECONDS = 60
OPEN_SECONDS = 30
_KEPT = 20


class BreakerOpen(NotSent):
    """Not tried: the gateway does not answer anybody. ``seconds``: until it is tried again."""

    def __init__(self, seconds: int) -> None:
        super().__init__("BREAKER_OPEN")
        self.seconds = seconds


def health_key(gateway: str) -> Key:
    """Where the health of a gateway is; for the batch read of who is about to call it."""
    return GatewayHealth.place(gateway)


def check_health(health: object) -> None:
    """Raise ``BreakerOpen`` if what was read at ``health_key`` says so. A gateway that nothing is known of is well."""
    left = int(health.open_until) - clock.epoch() if isinstance(health, GatewayHealth) else 0
    # Further ahead than it is ever shut: a clock was set back, as the local cloud's can be.
    if 0 < left <= OPEN_SECONDS:
        raise BreakerOpen(left)


def note_success(gateway: str, health: object) -> None:
    """The gateway answered. Writes only when what was read has failures in it."""
    if not isinstance(health, GatewayHealth) or not health.failures:
        return
    _change(gateway, [GatewayHealth.failures.set([]), GatewayHealth.open_until.set(0)])


def note_failure(gateway: str) -> None:
    """The gateway did not answer, or not with sense. One write, another one to open."""
    now = clock.epoch()
    health = _change(
        gateway,
        [
            GatewayHealth.kind.set(GatewayHealth),
            GatewayHealth.failures.set((GatewayHealth.failures | []).append([now])),
            GatewayHealth.version.add(1),
        ],
    )
    if health is None:
        return
    recent = [at for at in map(int, health.failures) if at > now - WITHIN_SECONDS]
    if len(recent) >= FAILURES and int(health.open_until) <= now:
        _open(gateway, now)
    elif len(health.failures) > _KEPT:
        same = cast(Condition, GatewayHealth.version == int(health.version))
        _change(gateway, [GatewayHealth.failures.set(recent[-FAILURES:])], same)


def _open(gateway: str, now: int) -> None:
    shut = GatewayHealth.open_until.does_not_exist() | (GatewayHealth.open_until <= now)
    if _change(gateway, [GatewayHealth.open_until.set(now + OPEN_SECONDS)], cast(Condition, shut)) is not None:
        alarm("a gateway does not answer: no payment is begun there", gateway=gateway, seconds=OPEN_SECONDS)


def _change(gateway: str, actions: list[Action], when: Condition | None = None) -> GatewayHealth | None:
    """None when another caller was there first, or it could not be written: a breaker never fails what it watches."""
    try:
        return store.update(GatewayHealth, health_key(gateway), actions, when=when)
    except (ConditionFailed, ApiError) as trouble:
        event("a gateway's health was not noted", gateway=gateway, trouble=type(trouble).__name__)
        return None
