"""Every template that there is: its class, its variables with samples, and the wording it comes with (NTF-30).

The keys and variables are those that the causing domains declare (a test compares); they stand here too so that a
sender needs to import none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.messages import MessageClass
from chalicelib.platform.records import frozen
from chalicelib.platform.sites import FRONTEND_URL

FOLDER = Path(__file__).with_name("wording")
LOCALES = ("en", "hi")
FALLBACK = "en"
_SUBJECT = "Subject: "
MAX_SUBJECT = 200
MAX_SOURCE = 102_400
"""Bytes of a part of a wording."""


@frozen
class Kind:
    """A template's facts. ``samples`` has a value for every variable; ``sealed`` ones are among ``required``."""

    key: str
    message_class: MessageClass
    required: tuple[str, ...]
    optional: tuple[str, ...]
    sealed: tuple[str, ...]

    @property
    def variables(self) -> frozenset[str]:
        """All names that a wording may use, but for the built-in ones."""
        return frozenset((*self.required, *self.optional, *self.sealed))

    def samples(self) -> dict[str, Any]:
        """A value for each variable, as previews and checks use them; a sealed one is none that opens anything."""
        given = {**_SAMPLES, **_OWN_SAMPLES.get(self.key, {}), **_moments(), **_links()}
        return {name: given[name] for name in sorted(self.variables)}


@frozen
class Wording:
    """A subject of one line, a body in HTML, and its text (None: made from the HTML); all with variables in them."""

    subject: str
    html: str
    text: str | None = None


@frozen
class Composed:
    """A mail as it is sent; of one for a phone only the text counts."""

    subject: str
    html: str
    text: str


def _security(
    key: str, *required: str, optional: tuple[str, ...] = (), sealed: tuple[str, ...] = ()
) -> tuple[str, Kind]:
    return key, Kind(key, MessageClass.SECURITY, required, ("userName", *optional), sealed)


def _owed(key: str, *required: str, optional: tuple[str, ...] = ()) -> tuple[str, Kind]:
    return key, Kind(key, MessageClass.TRANSACTIONAL, required, ("userName", *optional), ())


def _service(key: str, *required: str, optional: tuple[str, ...] = ()) -> tuple[str, Kind]:
    return key, Kind(key, MessageClass.SERVICE, required, ("userName", *optional), ())


KINDS: Mapping[str, Kind] = dict(
    (
        _security("AUTH_OTP", "ttlMinutes", "purpose", sealed=("code",)),
        _security("AUTH_RESET", "ttlMinutes", sealed=("resetUrl",)),
        _security("AUTH_VERIFY", "ttlMinutes", sealed=("code",)),
        _security("AUTH_INVITE", "inviterName", "roleNames", "expiresAt", optional=("name",), sealed=("inviteUrl",)),
        _security("AUTH_PASSWORD_CHANGED", "at", "device"),
        _security("AUTH_NEW_DEVICE", "at", "device", optional=("place",)),
        _security("AUTH_EMAIL_CHANGED", "at", "device", "newEmailMasked", "oldEmailMasked"),
        _security("AUTH_EMAIL_CHANGE_ASKED", "at", "device", "newEmailMasked"),
        _security("AUTH_EMAIL_ATTEMPT", "at"),
        _security("AUTH_MFA_CHANGED", "at", "device", "change"),
        _security("AUTH_LOGIN_ATTACK", "at"),
        _security("AUTH_ACCESS_CHANGED", "at", "actorName", "roleName", "permissions"),
        _security("USER_DELETION_DUE", "deletionDueAt"),
        _security("SECURITY_SIGNALS", "at", "count", "types"),
        _owed("NOTE_NOT_PUBLISHED", "noteTitle", "noteId", "publishAt", "missing"),
        _owed(
            *("PAYMENT_SUCCESS", "userEmail", "planName", "amount", "currency", "merchantTransactionId"),
            *("paidAt", "late"),
            optional=("durationDays", "discount", "tax", "taxLabel", "subscriptionEndsAt", "returning", "orderUrl"),
        ),
        _service("PAYMENT_FAILED", "planName", "amount", "merchantTransactionId", "retryUrl"),
        _owed(
            *("REFUND_SUCCEEDED", "planName", "amount", "currency", "merchantTransactionId", "merchantRefundId"),
            "refundedAt",
            optional=("whole", "outside", "daysTaken", "orderUrl"),
        ),
        _owed("INVOICE_ISSUED", "document", "documentNumber", "merchantTransactionId", "orderUrl"),
        _owed("SUBSCRIPTION_ACTIVATED", "planName", "startsAt", "endsAt", "effect"),
        _owed("SUBSCRIPTION_CANCELLED", "planName", "endedAt"),
        _service("SUBSCRIPTION_EXPIRING", "planName", "endsAt", "days", "planUrl"),
        _service("SUBSCRIPTION_EXPIRED", "planName", "endedAt", "planUrl", optional=("nextPlanName", "nextEndsAt")),
        _owed("STAFF_ALERT", "about", "merchantTransactionId", "amount", "at", optional=("reason",)),
        _owed("PAYMENT_LINK", "planName", "linkUrl", "expiresAt"),
    )
)

BUILT_IN = ("academyName", "frontendUrl", "adminUrl", "supportAddress", "locale")
"""Variables that every wording may use."""

_SAMPLES: dict[str, Any] = {
    "about": "PAYMENT_HELD",
    "actorName": "Meera Nair",
    "amount": "₹499.00",
    "change": "ENABLED",
    "code": "000000",
    "count": 3,
    "currency": "INR",
    "days": 7,
    "daysTaken": 12,
    "device": "Chrome on Android",
    "discount": "₹100.00",
    "document": "TAX_INVOICE",
    "documentNumber": "INV/2026-27/000123",
    "durationDays": 30,
    "effect": "NEW",
    "inviterName": "Meera Nair",
    "late": False,
    "merchantRefundId": "RFD01M7W40Q13T1PHW4JDV27B5ZA4",
    "merchantTransactionId": "TXN01M7W40Q13T1PHW4JDV27B5ZA4",
    "missing": "ACTIVE_SUBJECT, FILE",
    "name": "Asha Kumari",
    "nextPlanName": "Notes, one year",
    "noteId": "01M7W40Q13T1PHW4JDV27B5ZA4",
    "noteTitle": "Fundamental Rights",
    "newEmailMasked": "as***@e***.in",
    "oldEmailMasked": "as***@g***.com",
    "permissions": "notes.read, notes.write",
    "place": "Jaipur",
    "outside": None,
    "planName": "Everything, one month",
    "purpose": "LOGIN",
    "reason": "AMOUNT_MISMATCH",
    "returning": None,
    "roleName": "Content editor",
    "roleNames": "Content editor, Support",
    "tax": "₹76.12",
    "taxLabel": "GST",
    "ttlMinutes": 10,
    "types": "RANGE_SCRAPE, TOKEN_REUSE",
    "userEmail": "asha@example.in",
    "userName": "Asha Kumari",
    "whole": True,
}
_OWN_SAMPLES: dict[str, dict[str, Any]] = {"AUTH_RESET": {"ttlMinutes": 30}}


def _moments() -> dict[str, str]:
    now = clock.now()
    said = dict.fromkeys(("at", "expiresAt", "deletionDueAt", "publishAt", "paidAt", "refundedAt", "endedAt"), now)
    said["startsAt"] = now + timedelta(days=30)
    said.update(dict.fromkeys(("endsAt", "subscriptionEndsAt", "nextEndsAt"), now + timedelta(days=60)))
    return {name: clock.iso(instant) for name, instant in said.items()}


def _links() -> dict[str, str]:
    return {
        "resetUrl": f"{FRONTEND_URL()}/reset?token=sample",
        "inviteUrl": f"{FRONTEND_URL()}/invite?token=sample",
        "linkUrl": f"{FRONTEND_URL()}/pay/01M7W40Q13T1PHW4JDV27B5ZA4",
        "orderUrl": f"{FRONTEND_URL()}/orders/sample",
        "planUrl": f"{FRONTEND_URL()}/plans/sample",
        "retryUrl": f"{FRONTEND_URL()}/checkout?retryOf=sample",
    }


def language(locale: str) -> str:
    """The language of a person's locale: ``hi-IN`` → ``hi``."""
    return locale.replace("_", "-").partition("-")[0].lower() or FALLBACK


@cache
def built_in(key: str, locale: str) -> Wording | None:
    """The wording that the code brings; None where there is none in this language."""
    path = FOLDER / f"{key}.{locale}.j2"
    if key not in KINDS or locale not in LOCALES:
        return None
    subject, _, html = path.read_text("utf-8").partition("\n")
    return Wording(subject.removeprefix(_SUBJECT).strip(), html.strip() + "\n")
