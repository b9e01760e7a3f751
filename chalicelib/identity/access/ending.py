"""Roles that have ended (ACC-73) leave their holders: requests stopped counting them at their second already."""

from __future__ import annotations

from chalicelib.identity.access.assignment import TRIES, move, read
from chalicelib.identity.accounts import DELETED
from chalicelib.identity.roles import Holding, RoleHolder, every_role
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.errors import ApiError
from chalicelib.platform.logs import alarm
from chalicelib.platform.store import TransactionLost

ENDED = "The role's time is over"
PAGE = 100


def end_due() -> int:
    """Take what has ended from all who hold it; how many people that were. Harmless when repeated."""
    people: dict[str, None] = {}
    start: dict[str, str] | None = None
    while True:
        found = store.fetch(RoleHolder.ended(clock.now()), limit=PAGE, start=start)
        people.update(dict.fromkeys(str(plain(one.row)["userId"]) for one in found.items))
        if found.next_key is None:
            break
        start = found.next_key
    return sum(_end(user_id) for user_id in people)


def _end(user_id: str) -> bool:
    """Whether it was this call that took something; one who cannot be served is the next night's."""
    try:
        for _ in range(TRIES):
            user, card = read(user_id)
            held, now = Holding.of(card), clock.epoch()
            over = {key for key, end in held.ends.items() if end <= now}
            if not over or card.status == DELETED:
                return False
            left = Holding(
                tuple(key for key in held.keys if key not in over),
                {key: end for key, end in held.ends.items() if key not in over},
            )
            try:
                move(user, card, left, every_role(), by=None, reason=ENDED)
            except TransactionLost:
                continue
            return True
    except ApiError as error:
        alarm("a role that has ended stays with its holder", userId=user_id, code=error.code)
    return False
