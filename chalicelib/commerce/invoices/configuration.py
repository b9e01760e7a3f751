"""Configuration keys of invoices, with their defaults; the supplier's state and GSTIN are those that decide taxes."""

from __future__ import annotations

import re

from chalicelib.commerce.payments import SUPPLIER_GSTIN, SUPPLIER_STATE, GstinInvalid, gstin_state, state_code
from chalicelib.platform import settings

_PREFIX = re.compile(r"[A-Z0-9-]{1,3}")


def _prefix(raw: str) -> str:
    if not _PREFIX.fullmatch(raw):
        raise ValueError(raw)
    return raw


INVOICE_PREFIX = settings.parsed(
    "INVOICE_PREFIX", default="PS", parse=_prefix, rule="1 to 3 of A-Z, 0-9, - (a number has at most 16 characters)"
)
CREDIT_NOTE_PREFIX = settings.parsed(
    "CREDIT_NOTE_PREFIX", default="PC", parse=_prefix, rule="1 to 3 of A-Z, 0-9, - (a number has at most 16 characters)"
)
SUPPLIER_NAME = settings.text("SUPPLIER_NAME", default="Pathshala")
SUPPLIER_ADDRESS = settings.text("SUPPLIER_ADDRESS", default="")

SAC = "999293"
"""The service accounting code of commercial training and coaching."""


def deployment_problems() -> list[str]:
    """What keeps these settings from being deployed."""
    found: list[str] = []
    if INVOICE_PREFIX() == CREDIT_NOTE_PREFIX():
        found.append("INVOICE_PREFIX and CREDIT_NOTE_PREFIX are one: their numbers would meet")
    if not SUPPLIER_ADDRESS().strip():
        found.append("SUPPLIER_ADDRESS is empty: an invoice names its supplier's")
    if SUPPLIER_GSTIN():
        try:
            gstin_state(SUPPLIER_GSTIN(), state_code(SUPPLIER_STATE()))
        except GstinInvalid:
            found.append("SUPPLIER_GSTIN is none, or of another state than SUPPLIER_STATE")
    return found
