"""Until when somebody has a subscription, as the list of users shows it (SUB-13)."""

from __future__ import annotations

from chalicelib.commerce.subscriptions.card import families_of
from chalicelib.commerce.subscriptions.writing import instant
from chalicelib.identity.accounts import DELETED, User, user_key
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import ConditionFailed

TRIES = 5


def show(user_id: str) -> None:
    """Write the latest end of what runs or is to come; nothing where all is over.

    What the card says counts, not the event, so events may come twice and in any order. Of two at once the slower one
    could write what the quicker one knew better: so each looks at the card again, until it says what was written.
    """
    written: str | None = None
    for attempt in range(TRIES):
        card = store.get(AccessCard, AccessCard.place(user_id))
        end = _end_of(card) if card is not None else None
        if attempt and end == written:
            return
        action = User.row["subscriptionEndsAt"].set(end)
        try:
            store.update(User, user_key(user_id), [action], when=store.present(User) & (User.status != DELETED))
        except ConditionFailed:
            return
        written = end


def _end_of(card: AccessCard) -> str | None:
    now = clock.epoch()
    ends = [period.ends_at for family in families_of(card).values() for period in family.periods]
    return clock.iso(instant(max(ends))) if ends and max(ends) > now else None
