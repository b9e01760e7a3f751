"""The access card: the one item that every authenticated request reads first, strongly consistent.

The platform reads it and decides; the identity and commerce domains write it, in the transaction of what changes it,
and only ever single paths of it, so that a sign-in, a payment and a role edit do not overwrite each other.
"""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from chalicelib.platform import settings
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key
from chalicelib.platform.store.patterns import AccessPattern

CARD_MAX_BYTES = settings.integer("CARD_MAX_BYTES", default=32_768, minimum=4_096, maximum=262_144)
MAX_ENTITLEMENTS = 30


class AccessCard(Item, discriminator="AccessCard"):
    """What a person may do, and the sessions in which they may.

    ``sessions``: session id → ``{exp, authAt, mfa}`` (epoch seconds), of one that was ended lately ``{exp: 0, ended,
    at}``. ``all_ended_reason``: why ``token_version`` grew last. ``entitlements``: id → ``{kind, subjectIds,
    topicIds, noteIds, testIds, startsAt, endsAt}`` (epoch seconds). ``subscriptions``: plan family → ``{v, periods}``.
    ``note_bans``: note id or ``*`` → end (epoch seconds). ``device_bans``: user-agent hash → end.
    ``tokens_valid_from``: epoch seconds; tokens of an external provider issued before are void.
    ``permissions``: what the lasting roles and grants allow, without denies. ``timed_roles``: of roles that end (they
    stand in ``role_keys`` too), key → ``{endsAt, permissions}`` (epoch seconds; denies taken off); see
    ``permissions_at``. ``roles_version`` grows with every write of any of these.
    """

    user_id = UnicodeAttribute()
    user_type = UnicodeAttribute()
    status = UnicodeAttribute()
    token_version = NumberAttribute(default=1)
    tokens_valid_from = NumberAttribute(default=0)
    all_ended_reason = UnicodeAttribute(null=True)
    role_keys: ListAttribute[str] = ListAttribute(default=list)
    roles_version = NumberAttribute(default=1)
    grants = UnicodeSetAttribute(null=True)
    denies = UnicodeSetAttribute(null=True)
    permissions = UnicodeSetAttribute(null=True)
    timed_roles: MapAttribute[str, Any] = MapAttribute(default=dict)
    sessions: MapAttribute[str, Any] = MapAttribute(default=dict)
    entitlements: MapAttribute[str, Any] = MapAttribute(default=dict)
    subscriptions: MapAttribute[str, Any] = MapAttribute(default=dict)
    entitled_until = NumberAttribute(default=0)
    note_bans: MapAttribute[str, Any] = MapAttribute(default=dict)
    device_bans: MapAttribute[str, Any] = MapAttribute(default=dict)
    centres: MapAttribute[str, Any] = MapAttribute(default=dict)
    mfa_enrolled = BooleanAttribute(default=False)
    must_change_password = BooleanAttribute(default=False)
    notice_version = NumberAttribute(default=0)
    notice_at = NumberAttribute(default=0)

    @staticmethod
    def place(user_id: str) -> Key:
        """Where somebody's card is."""
        return Key(f"USER#{user_id}", "ACCESS")


def plain(value: MapAttribute[str, Any] | dict[str, Any] | None) -> dict[str, Any]:
    """A map attribute as plain dicts and lists."""
    if value is None:
        return {}
    return dict(value) if isinstance(value, dict) else dict(value.as_dict())


def permissions_at(card: AccessCard, now: float) -> frozenset[str]:
    """What the roles and grants of a card allow at an instant (epoch seconds): a role that has ended gives nothing."""
    lasting = frozenset(card.permissions or ())
    timed = plain(card.timed_roles)
    if not timed:
        return lasting
    return lasting.union(*(one["permissions"] for one in timed.values() if now < float(one["endsAt"])))


def roles_at(card: AccessCard, now: float) -> tuple[str, ...]:
    """The roles that count at an instant (epoch seconds)."""
    ended = {key for key, one in plain(card.timed_roles).items() if float(one["endsAt"]) <= now}
    return tuple(key for key in card.role_keys or () if key not in ended)


PATTERNS = (AccessPattern("the caller's card, first thing in every signed-in request", AccessCard.place("<user>"), 1),)
