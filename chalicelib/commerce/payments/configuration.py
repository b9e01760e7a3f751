"""Configuration keys of payments, with their defaults."""

from __future__ import annotations

import json
import re
from itertools import accumulate
from typing import Any

from chalicelib.commerce.payments.countries import COUNTRIES
from chalicelib.platform import settings
from chalicelib.platform.records import frozen
from chalicelib.platform.secrets import secret

_STEP = re.compile(r"(?:(\d{1,3})x)?(\d{1,6})")


@frozen
class Schedule:
    """Waits between checks: ``20,10x3,60`` is 20 s, ten times 3 s, then 60 s for as long as it takes."""

    steps: tuple[tuple[int, int], ...]

    def wait(self, number: int) -> int:
        """Seconds of the wait of that number, from 0 on; the last step goes on for ever."""
        ends = accumulate(count for count, _ in self.steps)
        return next(
            (seconds for end, (_, seconds) in zip(ends, self.steps, strict=True) if number < end), self.steps[-1][1]
        )


def _schedule(raw: str) -> Schedule:
    steps = []
    for word in raw.split(","):
        match = _STEP.fullmatch(word.strip())
        if match is None:
            raise ValueError(raw)
        steps.append((int(match[1] or 1), int(match[2])))
    return Schedule(tuple(steps))


def _hours(raw: str) -> tuple[int, ...]:
    hours = tuple(int(word) for word in raw.split(","))
    if list(hours) != sorted(set(hours)) or hours[0] < 1:
        raise ValueError(raw)
    return hours


def _rates(raw: str) -> dict[str, dict[str, Any]]:
    given = json.loads(raw)
    if not isinstance(given, dict):
        raise ValueError(raw)  # noqa: TRY004  # a setting that breaks its rule is a ValueError
    for place, rate in given.items():
        known = place == "EU" or place in COUNTRIES
        shaped = isinstance(rate, dict) and {"rateBps", "label"} <= set(rate) <= {"rateBps", "label", "collect"}
        if not known or not shaped or type(rate["rateBps"]) is not int or not 0 <= rate["rateBps"] <= 10_000:
            raise ValueError(place)
        if not re.fullmatch(r"[A-Z_]{1,20}", str(rate["label"])) or not isinstance(rate.get("collect", True), bool):
            raise ValueError(place)
    return given


PAYER_KEY = secret("PAYER_KEY")
STATUS_TOKEN_KEY = secret("STATUS_TOKEN_KEY")

PAYMENT_RETURN_URL = settings.text("PAYMENT_RETURN_URL", default="http://127.0.0.1:3000/payment/return")
PAYMENT_EXPIRE_MINUTES = settings.integer("PAYMENT_EXPIRE_MINUTES", default=30, minimum=5, maximum=60)
PAYMENT_POLL_SCHEDULE = settings.parsed(
    "PAYMENT_POLL_SCHEDULE",
    default="20,10x3,10x6,6x10,2x30,60",
    parse=_schedule,
    rule="seconds or <times>x<seconds>, separated by commas",
)
REFUND_POLL_SCHEDULE = settings.parsed(
    "REFUND_POLL_SCHEDULE",
    default="30,60,300,1800,7200,21600",
    parse=_schedule,
    rule="seconds or <times>x<seconds>, separated by commas",
)
RECONCILER_RATE_MINUTES = settings.integer("RECONCILER_RATE_MINUTES", default=1, minimum=1, maximum=60)
RECONCILER_MIN_AGE_MINUTES = settings.integer("RECONCILER_MIN_AGE_MINUTES", default=2, minimum=0, maximum=60)
CHECKOUT_IDEMPOTENCY_MINUTES = settings.integer("CHECKOUT_IDEMPOTENCY_MINUTES", default=15, minimum=1, maximum=60)
CHECKOUT_REUSE_MINUTES = settings.integer("CHECKOUT_REUSE_MINUTES", default=10, minimum=1, maximum=60)
PAYMENT_LATE_SUCCESS = settings.choice("PAYMENT_LATE_SUCCESS", default="grant", choices=("grant", "refund"))
PAYMENT_LATE_CHECK_HOURS = settings.parsed(
    "PAYMENT_LATE_CHECK_HOURS", default="1,3,6,12,24,48,72", parse=_hours, rule="rising hours, separated by commas"
)
PAYMENT_DUPLICATE = settings.choice("PAYMENT_DUPLICATE", default="refund", choices=("refund", "grant"))
COUPON_RETURN_ON_REFUND = settings.boolean("COUPON_RETURN_ON_REFUND", default=False)
PAYMENT_EVENT_RETENTION_DAYS = settings.integer("PAYMENT_EVENT_RETENTION_DAYS", default=400, minimum=1, maximum=3_650)
DEFAULT_TAX_RATE_BPS = settings.integer("DEFAULT_TAX_RATE_BPS", default=0, minimum=0, maximum=10_000)
TAX_RATES = settings.parsed(
    "TAX_RATES",
    default="{}",
    parse=_rates,
    rule='JSON: {"<country or EU>": {"rateBps": 0 to 10000, "label": "<1 to 20 letters>", "collect": true or false}}',
)
"""Rates that differ from the shipped ones, and those of further countries."""
SUPPLIER_GSTIN = settings.text("SUPPLIER_GSTIN")
"""Empty: the academy is not registered, so it takes no GST and issues bills of supply."""
SUPPLIER_STATE = settings.text("SUPPLIER_STATE", default="KA")
