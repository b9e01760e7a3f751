"""Instruments are stored masked (PAY-112): what a status answer says of them, without account numbers and addresses."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

MAX_RAW = 65_536
_PRIVATE = frozenset(
    {"vpa", "accountnumber", "maskedaccountnumber", "accountholdername", "cardnumber", "maskedcardnumber", "upiid"}
)
_SECRET = frozenset({"token", "accesstoken", "access_token", "metainfo"})


def masked(text: str) -> str:
    """The last four characters; of an address (``name@bank``) the first two and the bank."""
    name, at, bank = text.partition("@")
    if at:
        return f"{name[:2]}***@{bank}"
    return f"***{text[-4:]}" if len(text) > 4 else "***"


def _clean(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            str(name): masked(member) if str(name).lower() in _PRIVATE and isinstance(member, str) else _clean(member)
            for name, member in value.items()
            if str(name).lower() not in _SECRET
        }
    return [_clean(one) for one in value] if isinstance(value, list) else value


def raw(body: Mapping[str, Any]) -> str:
    """An answer as it is kept with the payment: masked, at most 64 KiB."""
    try:
        return json.dumps(_clean(body), separators=(",", ":"))[:MAX_RAW]
    except RecursionError:
        return "{}"


def instrument(details: Mapping[str, Any]) -> str | None:
    """How it was paid, in a few masked words: ``UPI 98***@ybl``."""
    rail = details.get("rail")
    means = details.get("instrument")
    kinds = [part.get("type") for part in (rail, means) if isinstance(part, Mapping)]
    numbers = [
        part[name]
        for part in (rail, means)
        if isinstance(part, Mapping)
        for name in ("vpa", "maskedAccountNumber", "maskedCardNumber")
        if isinstance(part.get(name), str)
    ]
    words = [str(kind) for kind in kinds if kind][:1] + [masked(number) for number in numbers[:1]]
    return " ".join(words)[:80] or None
