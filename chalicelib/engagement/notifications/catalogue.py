"""Every template that there is: its class, its variables with samples, and the wording it comes with (NTF-30).

The keys and variables are those that the causing domains declare (a test compares); they stand here too so that a
sender needs to import none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    )
)

BUILT_IN = ("academyName", "frontendUrl", "adminUrl", "supportAddress", "locale")
"""Variables that every wording may use."""

_SAMPLES: dict[str, Any] = {
    "actorName": "Meera Nair",
    "change": "ENABLED",
    "code": "000000",
    "count": 3,
    "device": "Chrome on Android",
    "inviterName": "Meera Nair",
    "missing": "ACTIVE_SUBJECT, FILE",
    "name": "Asha Kumari",
    "noteId": "01M7W40Q13T1PHW4JDV27B5ZA4",
    "noteTitle": "Fundamental Rights",
    "newEmailMasked": "as***@e***.in",
    "oldEmailMasked": "as***@g***.com",
    "permissions": "notes.read, notes.write",
    "place": "Jaipur",
    "purpose": "LOGIN",
    "roleName": "Content editor",
    "roleNames": "Content editor, Support",
    "ttlMinutes": 10,
    "types": "RANGE_SCRAPE, TOKEN_REUSE",
    "userName": "Asha Kumari",
}
_OWN_SAMPLES: dict[str, dict[str, Any]] = {"AUTH_RESET": {"ttlMinutes": 30}}


def _moments() -> dict[str, str]:
    now = clock.iso(clock.now())
    return {"at": now, "expiresAt": now, "deletionDueAt": now, "publishAt": now}


def _links() -> dict[str, str]:
    return {
        "resetUrl": f"{FRONTEND_URL()}/reset?token=sample",
        "inviteUrl": f"{FRONTEND_URL()}/invite?token=sample",
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
