"""GSTINs, the numbers of who is registered for India's goods and services tax: form, check digit, state (TAXN-11)."""

from __future__ import annotations

import re

from chalicelib.commerce.payments.countries import is_state, state_code
from chalicelib.commerce.payments.errors import GstinInvalid

_GSTIN = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z][A-Z][0-9A-Z]")
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def gstin_state(gstin: str, expected: str | None = None) -> str:
    """The state (letters) of a GSTIN whose shape and check digit are right, and whose state is the one expected.

    Raises ``GstinInvalid`` with ``details.reason`` FORM, CHECKSUM or STATE.
    """
    where = {"field": "body.billing.gstin"}
    if not _GSTIN.fullmatch(gstin):
        raise GstinInvalid({**where, "reason": "FORM"})
    if gstin[-1] != check_digit(gstin[:-1]):
        raise GstinInvalid({**where, "reason": "CHECKSUM"})
    state = state_code(gstin[:2])
    if not is_state(state) or expected not in (None, state):
        raise GstinInvalid({**where, "reason": "STATE"})
    return state


def check_digit(fourteen: str) -> str:
    """The fifteenth character: weights 1 and 2 in turn, in base 36, each product's two digits added up."""
    total = 0
    for position, character in enumerate(fourteen):
        product = _DIGITS.index(character) * (1 + position % 2)
        total += product // 36 + product % 36
    return _DIGITS[-total % 36]
