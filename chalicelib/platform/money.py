"""Money is an integer in the currency's minor unit (paise for INR). No floats, ever."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

MAX_PAISE = 100_000_000_000

Paise = Annotated[int, Field(ge=0, le=MAX_PAISE, examples=[49900])]
"""An amount in paise, 0 or more."""


def round_half_up(numerator: int, denominator: int) -> int:
    """``numerator / denominator``, rounded to the nearest integer, halves away from zero; denominator > 0."""
    sign = -1 if numerator < 0 else 1
    return sign * ((2 * abs(numerator) + denominator) // (2 * denominator))


def rupees(paise: int) -> str:
    """``₹1,499.00`` with the Indian grouping of digits, for people to read."""
    whole, cents = divmod(abs(paise), 100)
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups = [tail]
    while head:
        groups.insert(0, head[-2:])
        head = head[:-2]
    return f"{'-' if paise < 0 else ''}₹{','.join(groups)}.{cents:02d}"
