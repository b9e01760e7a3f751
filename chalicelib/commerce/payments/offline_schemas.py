"""Money that came to the academy without a gateway, as staff write it down (PAY-22)."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema

from chalicelib.platform import clock
from chalicelib.platform.http import Characters, RequestModel
from chalicelib.platform.ids import Ulid
from chalicelib.platform.money import MAX_PAISE

Method = Literal["CASH", "BANK_TRANSFER", "UPI_MANUAL", "CHEQUE"]
OLDEST_DAYS = 366


def _recent(day: date) -> date:
    age = (clock.academy_day(clock.now()) - day).days
    if not 0 <= age <= OLDEST_DAYS:
        raise ValueError("must be today or a day of the last year")
    return day


ReceivedOn = Annotated[
    date,
    AfterValidator(_recent),
    WithJsonSchema({"type": "string", "format": "date", "maxLength": 10, "examples": ["2026-01-31"]}),
]
"""The academy's day on which money came."""


class OfflineOrder(RequestModel):
    """What somebody paid, how, and for which plan. ``reference``: of the receipt, transfer or cheque, once a method."""

    user_id: Ulid
    plan_key: Annotated[str, Characters(1, 64)] = Field(examples=["prelims-30"])
    amount_paise: int = Field(ge=1, le=MAX_PAISE, examples=[49900])
    method: Method
    reference: Annotated[str, Characters(3, 64, pattern=r"^[A-Za-z0-9][A-Za-z0-9 ./_-]*$")]
    received_on: ReceivedOn
    coupon_code: Annotated[str, Characters(1, 64)] | None = None
    reason: Annotated[str, Characters(3, 500)]
