"""People as functions load them to look at, or change, what they hold."""

from __future__ import annotations

from chalicelib.identity.accounts import ANY_USER, SHOWN_USER
from chalicelib.platform.access.resources import ACADEMY

INSPECTED_PERSON = SHOWN_USER._replace(entity=lambda _: ACADEMY)
"""Whose subscriptions and entitlements staff look at; also one whose account was deleted. The card is beside."""

SERVED_PERSON = ANY_USER._replace(entity=lambda _: ACADEMY)
"""Whose subscriptions and entitlements staff change; the card is beside."""
