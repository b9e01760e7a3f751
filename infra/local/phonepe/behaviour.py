"""What the simulator was told to do: the body of ``POST /_local/phonepe/behaviour`` (LOC-08) and its
resolution.

A behaviour with ``order`` rules that order (one may be set before the order exists); one without rules
every order. A field that the order's behaviour leaves out is taken from the general one, then from the
defaults. Setting a behaviour replaces the earlier one of the same scope as a whole, so ``{}`` puts the
general one back to the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from threading import Lock
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel


class Outcome(StrEnum):
    """What the customer does on the hosted page."""

    SUCCESS = "SUCCESS"
    FAILED = "FAILED"
    PENDING = "PENDING"
    CLOSE = "CLOSE"


class _Told(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=False, extra="forbid", strict=True, frozen=True
    )


class WebhookBehaviour(_Told):
    """How webhooks are delivered; a missing field is not told."""

    send: bool | None = None
    copies: Annotated[int, Field(ge=1, le=1000)] | None = None
    signature: Literal["VALID", "WRONG"] | None = None
    before_redirect: bool | None = None
    reversed: bool | None = None


class Behaviour(_Told):
    """One told behaviour. Seconds are of the simulator's clock, but ``statusSlowSeconds`` is real time.

    ``payDownCalls``: so many next calls to pay or refund, of whatever order, answer 500; with ``payTaken`` after they
    took effect.
    """

    order: Annotated[str, Field(min_length=1, max_length=63)] | None = None
    outcome: Annotated[Outcome, Field(strict=False)] | None = None
    delay_seconds: Annotated[float, Field(ge=0, le=604_800)] | None = None
    webhook: WebhookBehaviour | None = None
    amount_delta: Annotated[int, Field(ge=-100_000_000, le=100_000_000)] | None = None
    status_down_calls: Annotated[int, Field(ge=0, le=100_000)] | None = None
    status_slow_seconds: Annotated[float, Field(ge=0, le=120)] | None = None
    after_expiry: bool | None = None
    pay_down_calls: Annotated[int, Field(ge=0, le=100_000)] | None = None
    pay_taken: bool | None = None


@dataclass(frozen=True)
class Effective:
    """A behaviour with nothing left open."""

    outcome: Outcome | None = None
    delay_seconds: float = 0.0
    send: bool = True
    copies: int = 1
    wrong_signature: bool = False
    before_redirect: bool = False
    reversed: bool = False
    amount_delta: int = 0
    status_slow_seconds: float = 0.0
    after_expiry: bool = False


class BehaviourRefused(ValueError):
    """The body is not a behaviour; ``details`` is a list of ``{field, message}`` with dotted field names."""

    def __init__(self, details: list[dict[str, str]]) -> None:
        super().__init__("; ".join(f"{item['field']}: {item['message']}" for item in details))
        self.details = details


def parse(body: Mapping[str, object]) -> Behaviour:
    """The behaviour of a control-API body; raises ``BehaviourRefused`` naming each wrong field."""
    try:
        # Not model_validate_json: there pydantic drops a field under its Python name instead of refusing it.
        return Behaviour.model_validate(dict(body))
    except ValidationError as error:
        raise BehaviourRefused(
            [{"field": ".".join(map(str, e["loc"])) or "body", "message": e["msg"]} for e in error.errors()]
        ) from error


@dataclass
class Kept:
    """A behaviour in force, when it was told and how many calls for a status, or to pay, are still to fail."""

    behaviour: Behaviour
    mark: int
    down_calls: int
    pay_down_calls: int


class Behaviours:
    """The behaviours in force, general and per order; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._marks = count(1)
        self._kept: dict[str | None, Kept] = {}

    def tell(self, behaviour: Behaviour) -> Kept | None:
        """Puts a behaviour in force; answers the one it replaced."""
        with self._lock:
            before = self._kept.get(behaviour.order)
            down = behaviour.status_down_calls or 0
            self._kept[behaviour.order] = Kept(behaviour, next(self._marks), down, behaviour.pay_down_calls or 0)
            return before

    def restore(self, order: str | None, before: Kept | None) -> None:
        """Undoes a ``tell``."""
        with self._lock:
            if before is None:
                self._kept.pop(order, None)
            else:
                self._kept[order] = before

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()

    def mark(self) -> int:
        """A point in the sequence of behaviours, to ask later what was told since."""
        with self._lock:
            return next(self._marks)

    def effective(self, order: str) -> Effective:
        """What holds for an order now."""
        with self._lock:
            told = [kept.behaviour for scope in (order, None) if (kept := self._kept.get(scope))]
        return _merge(told)

    def outcome_since(self, order: str, mark: int) -> Outcome | None:
        """The outcome told after ``mark``, the order's own before the general one.

        Refunds ask with the mark of the capture, so that the outcome which once paid the order does not
        also rule its refunds.
        """
        with self._lock:
            for scope in (order, None):
                kept = self._kept.get(scope)
                if kept and kept.mark > mark and kept.behaviour.outcome is not None:
                    return kept.behaviour.outcome
        return None

    def take_status_failure(self, order: str) -> bool:
        """Whether this status call is to fail; counts it."""
        with self._lock:
            for scope in (order, None):
                kept = self._kept.get(scope)
                if kept and kept.down_calls > 0:
                    kept.down_calls -= 1
                    return True
        return False

    def take_pay_failure(self) -> bool | None:
        """Whether this call to pay or refund is to fail after it took effect; None: it is not to fail. Counts it."""
        with self._lock:
            kept = self._kept.get(None)
            if kept is None or kept.pay_down_calls <= 0:
                return None
            kept.pay_down_calls -= 1
            return bool(kept.behaviour.pay_taken)


def _merge(told: list[Behaviour]) -> Effective:
    values: dict[str, object] = {}
    for behaviour in told:
        _take(
            values,
            behaviour,
            ("outcome", "delay_seconds", "amount_delta", "status_slow_seconds", "after_expiry"),
        )
        if behaviour.webhook is not None:
            _take(values, behaviour.webhook, ("send", "copies", "before_redirect", "reversed", "signature"))
    signature = values.pop("signature", "VALID")
    return Effective(**values, wrong_signature=signature == "WRONG")  # type: ignore[arg-type]


def _take(values: dict[str, object], source: _Told, names: tuple[str, ...]) -> None:
    """The first behaviour that told a field wins."""
    for name in names:
        told = getattr(source, name)
        if told is not None and name not in values:
            values[name] = told
