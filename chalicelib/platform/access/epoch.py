"""The access epoch (ACC-15): from when on tokens count, after somebody revoked everyone's because a key had leaked.

A container keeps what it read for 30 seconds. Then the next request reads it again, in the round trip that reads the
caller's card, so that it costs no time; refreshing reads it always.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pynamodb.attributes import MapAttribute

from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.tokens import Claims
from chalicelib.platform.ids import ulid_at
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key
from chalicelib.platform.store.patterns import AccessPattern

KEPT_SECONDS = 30


class AccessEpoch(Item, discriminator="AccessEpoch"):
    """``valid_from``: user type → epoch seconds; tokens and sessions from before are void. Not there: none are."""

    valid_from: MapAttribute[str, Any] = MapAttribute(default=dict)

    @staticmethod
    def place() -> Key:
        """Where the one of the academy is."""
        return Key("ROLES", "EPOCH")


class _Copy(NamedTuple):
    valid_from: dict[str, int]
    read_at: float


_copy: _Copy | None = None


def is_due() -> bool:
    """Whether this container's copy is older than 30 seconds."""
    return _copy is None or not 0 <= clock.now().timestamp() - _copy.read_at < KEPT_SECONDS


def keep(item: Item | None) -> None:
    """Remember what was just read; None when there is no such item."""
    global _copy
    valid_from = plain(item.valid_from) if isinstance(item, AccessEpoch) else {}
    _copy = _Copy({kind: int(since) for kind, since in valid_from.items()}, clock.now().timestamp())


def valid_from(user_type: str) -> int:
    """From when on (epoch seconds) tokens and sessions of a user type count, as this container knows it."""
    return _copy.valid_from.get(user_type, 0) if _copy is not None else 0


def voids(claims: Claims) -> bool:
    """Whether the token of these claims is from before that, or of a session which began before.

    Whoever has the leaked key can write any time into a token; but a session of then is none any more.
    """
    since = valid_from(claims.user_type)
    if not since:
        return False
    return claims.issued_at < since or claims.session_id < ulid_at(datetime.fromtimestamp(since, UTC))


def split(found: Sequence[Item | None], *, asked: bool) -> list[Item | None]:
    """What was read, without the epoch, which is kept, where it was ``asked`` for as the last of the batch."""
    items = list(found)
    if asked:
        keep(items.pop())
    return items


PATTERNS = (
    AccessPattern(
        "the caller's card where the container's copy of the epoch is older than 30 s",
        (AccessCard.place("<user>"), AccessEpoch.place()),
        2,
    ),
)
