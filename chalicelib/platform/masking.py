"""How personal data is shown where it must not stand in clear (SHIELD-61): watermarks, audit entries, logs."""

from __future__ import annotations

import re

STARS = "***"
PHONE_STARS = "******"
_SHORT_LOCAL_PART = 4
_ONE_DIGIT_CODES = frozenset("17")
_TWO_DIGIT_CODE = re.compile("2[07]|3[0-46-9]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]")


def mask_email(address: str) -> str:
    """``asha.k@gmail.com`` → ``as***@g***.com``: two characters of the local part (one of a part shorter than four)."""
    local, _, domain = address.rpartition("@")
    shown = local[: 1 if len(local) < _SHORT_LOCAL_PART else 2]
    return f"{shown}{STARS}@{domain[:1]}{STARS}.{domain.rpartition('.')[2]}"


def mask_phone(number: str) -> str:
    """``+919876543210`` → ``+91******3210``: country code and the last four digits of an E.164 number."""
    return f"+{country_code(number)}{PHONE_STARS}{number[-4:]}"


def country_code(number: str) -> str:
    """The calling code of an E.164 number; ITU-T E.164 assigns one, two or three digits, and no code begins another."""
    digits = number.removeprefix("+")
    if digits[:1] in _ONE_DIGIT_CODES:
        return digits[:1]
    return digits[:2] if _TWO_DIGIT_CODE.match(digits) else digits[:3]
