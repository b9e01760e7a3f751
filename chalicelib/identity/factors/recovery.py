"""Recovery codes: for whoever lost their phone. Ten of ten characters, each usable once, stored only hashed."""

from __future__ import annotations

import secrets

from chalicelib.platform import sealing

RECOVERY_CODES = 10
CHARACTERS = 10
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
"""Without letters and digits that look alike: 50 bits a code."""


def new_recovery_codes() -> list[str]:
    """Fresh codes, to be shown once."""
    return ["".join(secrets.choice(ALPHABET) for _ in range(CHARACTERS)) for _ in range(RECOVERY_CODES)]


def is_shaped(code: str) -> bool:
    """Whether it has the form of a recovery code, not of an app's code."""
    return len(code) == CHARACTERS


def hash_of(user_id: str, code: str) -> str:
    """What is stored of a code: an HMAC, since 50 bits could be searched for in a plain hash."""
    return sealing.pseudonym(f"recovery:{user_id}", code)


def hashes_of(user_id: str, codes: list[str]) -> set[str]:
    """What is stored of some codes."""
    return {hash_of(user_id, code) for code in codes}
