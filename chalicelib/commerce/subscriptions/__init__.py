"""Subscriptions and entitlements: what a purchase opens, for how long."""

from chalicelib.commerce.subscriptions.activation import Activation, Origin, activate, rules, work_out
from chalicelib.commerce.subscriptions.card import families_of
from chalicelib.commerce.subscriptions.checking import repair_entitlements
from chalicelib.commerce.subscriptions.effects import DAY, Outcome
from chalicelib.commerce.subscriptions.errors import AccessCardFull, AlreadySubscribed, SubscriptionTooLong
from chalicelib.commerce.subscriptions.events import (
    EntitlementGranted,
    EntitlementRevoked,
    SubscriptionActivated,
    SubscriptionCancelled,
    SubscriptionExpired,
    SubscriptionExpiring,
    SubscriptionExtended,
    SubscriptionStarted,
)
from chalicelib.commerce.subscriptions.items import OFFLINE, PURCHASE, Entitlement, Subscription, SubscriptionChange
from chalicelib.commerce.subscriptions.opened import opened_by
from chalicelib.commerce.subscriptions.reversing import restore, take_back
from chalicelib.commerce.subscriptions.snapshot import Snapshot

__all__ = [
    "DAY",
    "OFFLINE",
    "PURCHASE",
    "AccessCardFull",
    "Activation",
    "AlreadySubscribed",
    "Entitlement",
    "EntitlementGranted",
    "EntitlementRevoked",
    "Origin",
    "Outcome",
    "Snapshot",
    "Subscription",
    "SubscriptionActivated",
    "SubscriptionCancelled",
    "SubscriptionChange",
    "SubscriptionExpired",
    "SubscriptionExpiring",
    "SubscriptionExtended",
    "SubscriptionStarted",
    "SubscriptionTooLong",
    "activate",
    "families_of",
    "opened_by",
    "repair_entitlements",
    "restore",
    "rules",
    "take_back",
    "work_out",
]
