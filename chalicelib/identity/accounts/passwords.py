"""Passwords: which are good enough (AUTH-40), and their Argon2id hashes (AUTH-41)."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
import unicodedata
from bisect import bisect_left
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from chalicelib.identity.accounts.errors import PasswordTooWeak
from chalicelib.platform import settings
from chalicelib.platform.access.catalogue import UserType

if TYPE_CHECKING:
    from argon2 import PasswordHasher

ARGON2_MEMORY_KIB = settings.integer("ARGON2_MEMORY_KIB", default=19_456, minimum=64, maximum=262_144)
ARGON2_TIME = settings.integer("ARGON2_TIME", default=2, minimum=1, maximum=16)
ARGON2_PARALLELISM = settings.integer("ARGON2_PARALLELISM", default=1, minimum=1, maximum=8)

MAX_LENGTH = 128
MINIMUM_LENGTH = {UserType.STUDENT: 8, UserType.ADMIN: 12, UserType.OPERATOR: 12}
AT_ONCE = 4
"""Hashes computed side by side in one process: each takes ``ARGON2_MEMORY_KIB``."""

COMMON = Path(__file__).with_name("common_passwords.bin")
"""The 10,000 commonest breached passwords, lower-case: the first 5 bytes of the SHA-256 of each, sorted. Made by
``infra/package/common_passwords.py``, which names source and licence. A false match has probability 10⁻⁸."""
PREFIX_BYTES = 5
_PERSONAL_LENGTH = 4
_HASH_BYTES = 32
_SALT_BYTES = 16

_room = threading.BoundedSemaphore(AT_ONCE)

Password = Annotated[str, Field(min_length=1, max_length=512)]
"""A password somebody signs in with: whatever it is, it is right or wrong."""
NewPassword = Annotated[str, Field(min_length=8, max_length=MAX_LENGTH, examples=["correct horse battery staple"])]
"""A password to be set; how good it must be is said by ``check_password``."""


def normal(password: str) -> str:
    """NFKC, so that one password typed on two keyboards is one password; spaces are kept."""
    return unicodedata.normalize("NFKC", password)


def check_password(password: str, *, user_type: str, email: str, name: str, field: str = "body.password") -> None:
    """Refuse a password that is too easy to guess: 422 ``PASSWORD_TOO_WEAK`` with the reason."""
    given = normal(password)
    least = MINIMUM_LENGTH[UserType(user_type)]
    if not least <= len(given) <= MAX_LENGTH:
        raise PasswordTooWeak.because("LENGTH", f"must have {least} to {MAX_LENGTH} characters", field)
    if is_simple(given):
        raise PasswordTooWeak.because("RUN", "must not be one repeated character or a simple run", field)
    if is_common(given):
        raise PasswordTooWeak.because("COMMON", "is among the passwords that are tried first", field)
    if is_personal(given, email, name):
        raise PasswordTooWeak.because("PERSONAL", "must not contain your name or e-mail address", field)


def is_simple(password: str) -> bool:
    """One repeated character, or a run up or down the code points (``abcdefgh``, ``87654321``, ``7890123``)."""
    digits = password.isdecimal() and password.isascii()
    steps = {ord(after) - ord(before) for before, after in pairwise(password)}
    if digits:
        return {step % 10 for step in steps} in ({0}, {1}, {9})
    return steps in ({0}, {1}, {-1})


def is_common(password: str) -> bool:
    """Whether it is on the bundled list, whatever its case."""
    prefix = common_prefix(password)
    prefixes = _common()
    at = bisect_left(range(len(prefixes) // PREFIX_BYTES), prefix, key=lambda one: _prefix(prefixes, one))
    return _prefix(prefixes, at) == prefix


def common_prefix(password: str) -> bytes:
    """How a password stands on the list."""
    return hashlib.sha256(password.lower().encode()).digest()[:PREFIX_BYTES]


@lru_cache(maxsize=1)
def _common() -> bytes:
    return COMMON.read_bytes()


def _prefix(prefixes: bytes, position: int) -> bytes:
    return prefixes[position * PREFIX_BYTES : (position + 1) * PREFIX_BYTES]


def is_personal(password: str, email: str, name: str) -> bool:
    """Whether it contains the e-mail's local part or the name (of at least 4 letters), with or without its spaces."""
    given = password.casefold()
    closed = re.sub(r"\s", "", given)
    local, own = email.partition("@")[0].casefold(), normal(name).casefold()
    for part in (local, own, re.sub(r"\s", "", own)):
        if part in (given, closed) or (len(part) >= _PERSONAL_LENGTH and (part in given or part in closed)):
            return True
    return False


def hasher() -> PasswordHasher:
    """Argon2id with the parameters of the configuration."""
    from argon2 import PasswordHasher

    return PasswordHasher(
        time_cost=ARGON2_TIME(),
        memory_cost=ARGON2_MEMORY_KIB(),
        parallelism=ARGON2_PARALLELISM(),
        hash_len=_HASH_BYTES,
        salt_len=_SALT_BYTES,
    )


def hash_password(password: str) -> str:
    """The Argon2id string of a password."""
    with _room:
        return hasher().hash(normal(password))


def is_right_password(password: str, known_hash: str | None) -> bool:
    """Whether it is the password of that hash. Without a hash the same work is done, and the answer is no."""
    from argon2.exceptions import InvalidHashError, VerificationError

    with _room:
        try:
            return hasher().verify(known_hash or _dummy(), normal(password)) and known_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated_hash(known_hash: str) -> bool:
    """Whether a hash was made with other parameters than the configuration's."""
    return hasher().check_needs_rehash(known_hash)


def _dummy() -> str:
    """A well-formed hash with today's parameters that no password has."""
    cost = f"m={ARGON2_MEMORY_KIB()},t={ARGON2_TIME()},p={ARGON2_PARALLELISM()}"
    salt, digest = (base64.b64encode(bytes(size)).decode().rstrip("=") for size in (_SALT_BYTES, _HASH_BYTES))
    return f"$argon2id$v=19${cost}${salt}${digest}"
