"""Who has a permission at this moment: for mails to those whose work something is. Nobody is let in by it."""

from __future__ import annotations

from chalicelib.identity.roles.items import RoleHolder
from chalicelib.identity.roles.rights import every_role, permissions_of
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, permissions_at
from chalicelib.platform.access.catalogue import Permission, UserType

MOST = 50


def staff_with(permission: Permission) -> list[str]:
    """The ids of active staff with a permission by one of their roles: at most fifty, those longest here.

    Who has it by a grant of their own alone is not found. Three round trips, the second a query a role, in turn.
    """
    keys = [key for key, role in every_role().items() if permission in permissions_of([role])]
    holders = sorted({str(one.user_id) for key in keys for one in store.every(RoleHolder.of(key))})[:MOST]
    cards = store.get_many([AccessCard.place(one) for one in holders]) if holders else []
    now = clock.now().timestamp()
    return [
        str(card.user_id)
        for card in cards
        if isinstance(card, AccessCard)
        and card.status == "ACTIVE"
        and card.user_type == UserType.ADMIN
        and permission in permissions_at(card, now)
    ]
