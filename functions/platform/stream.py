"""The reader of the table's stream: it knows every domain's translations, and no consumer."""

from __future__ import annotations

from typing import Any

from chalicelib.commerce.coupons import events as coupons
from chalicelib.commerce.invoices import events as invoices
from chalicelib.commerce.payments import events as payments
from chalicelib.commerce.subscriptions import events as subscriptions
from chalicelib.content.files import events as files
from chalicelib.content.notes import events as notes
from chalicelib.content.progress import events as progress
from chalicelib.content.shield import events as shield
from chalicelib.content.taxonomy import events as taxonomy
from chalicelib.engagement.notifications import events as notifications
from chalicelib.identity.accounts import events as accounts
from chalicelib.identity.roles import events as roles
from chalicelib.insight.audit_trail import events as audit_trail
from chalicelib.platform.events.router import route
from chalicelib.platform.work import Grant, stream

TRANSLATIONS = (
    accounts,
    roles,
    files,
    progress,
    notes,
    taxonomy,
    shield,
    coupons,
    payments,
    subscriptions,
    invoices,
    notifications,
    audit_trail,
)
"""Imported so that what they translate is known here; a test compares with all there are."""


@stream(
    grants=[
        Grant.STREAM,
        Grant.SEND_EVENTS,
        Grant.SEND_ROLE_CHANGES,
        Grant.SEND_MESSAGES,
        Grant.SEND_INVOICES,
        Grant.SEND_SUBSCRIPTION_RUNS,
    ]
)
def route_changes(record: dict[str, Any]) -> None:
    """Turn one change of an item into domain events and send each to its consumers."""
    route(record)
