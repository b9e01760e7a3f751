"""From a wording and values to a mail: subject, HTML, text (NTF-31 … NTF-33)."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from chalicelib.engagement.notifications import layout, markup, sandbox
from chalicelib.engagement.notifications.catalogue import BUILT_IN, MAX_SUBJECT, Composed, Kind, Wording
from chalicelib.engagement.notifications.configuration import MAIL_LINK_HOSTS, MAIL_REPLY_TO
from chalicelib.engagement.notifications.errors import Unusable, VariableMissing
from chalicelib.platform import settings
from chalicelib.platform.sites import ACADEMY_NAME, ADMIN_URL, FRONTEND_URL

_LINE_ENDS = frozenset("\u2028\u2029\u0085")


def values_for(kind: Kind, given: Mapping[str, Any], language: str) -> dict[str, Any]:
    """What a template sees: its variables (None for an optional one that is not given) and the built-in ones.

    Raises ``VariableMissing`` for a required one without a value.
    """
    missing = [name for name in (*kind.required, *kind.sealed) if given.get(name) in (None, "")]
    if missing:
        raise VariableMissing(missing)
    own = {name: given.get(name) for name in kind.variables}
    for name, value in own.items():
        if name.endswith("Url") and value is not None and not is_own_link(str(value)):
            raise Unusable("LINK_NOT_ALLOWED", f"{name} does not lead to a host of ours")
    return {**own, **_built_in(language)}


def _built_in(language: str) -> dict[str, Any]:
    return {
        "academyName": ACADEMY_NAME(),
        "frontendUrl": FRONTEND_URL(),
        "adminUrl": ADMIN_URL(),
        "supportAddress": MAIL_REPLY_TO(),
        "locale": language,
    }


def is_own_link(link: str) -> bool:
    """Whether a link made of values leads to https on an allowed host; on a machine of one's own, also to itself."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").lower()
    except ValueError:
        return False
    if any(ord(one) <= 0x20 or ord(one) == 0x7F or one == "\\" for one in link) or "@" in parts.netloc:
        return False
    sites = [urlsplit(FRONTEND_URL()), urlsplit(ADMIN_URL())]
    own = {(site.scheme, site.hostname) for site in sites}
    if parts.scheme == "https":
        return host in {name for _, name in own} | {one.lower() for one in MAIL_LINK_HOSTS()}
    return settings.is_local() and parts.scheme == "http" and ("http", host) in own


def check(kind: Kind, wording: Wording) -> None:
    """Whether a wording can be used: syntax, variables, elements, links, and a rendering with samples.

    Raises ``Unusable``.
    """
    allowed = {*kind.variables, *BUILT_IN}
    named = sandbox.check(wording.subject, "subject", allowed)
    hidden = sorted(named.intersection(kind.sealed))
    if hidden:
        raise Unusable("SEALED_IN_SUBJECT", f"{', '.join(hidden)} never stands in a subject", part="subject")
    sandbox.check(wording.html, "html", allowed)
    markup.check_source(sandbox.literal(wording.html, "html", markup.MARK))
    if wording.text is not None:
        sandbox.check(wording.text, "text", allowed)
    compose(kind, wording, kind.samples(), "en")


def compose(kind: Kind, wording: Wording, given: Mapping[str, Any], language: str) -> Composed:
    """The mail. Raises ``VariableMissing``, or ``Unusable`` when the wording breaks a rule with these values."""
    values = values_for(kind, given, language)
    subject = _subject(sandbox.render(wording.subject, "subject", values))
    written = markup.check_source(sandbox.literal(wording.html, "html", markup.MARK))
    html = sandbox.render(wording.html, "html", values)

    def may_link(href: str) -> bool:
        return (href in written and markup.is_link(href)) or _is_contact(href) or is_own_link(href)

    content = markup.dressed(html, layout.worn, may_link)
    academy, support = ACADEMY_NAME(), MAIL_REPLY_TO()
    page = layout.page(content, subject=subject, language=language, academy=academy, support=support)
    text = markup.as_text(html) if wording.text is None else sandbox.render(wording.text, "text", values)
    under = "\n".join(layout.footer(language, academy, support))
    return Composed(subject, page, f"{text.rstrip()}\n\n-- \n{under}\n")


def _is_contact(href: str) -> bool:
    return href.startswith(("mailto:", "tel:")) and markup.is_link(href)


def _subject(text: str) -> str:
    """One line without control characters: what is more would be another header (NTF-33)."""
    subject = text.strip()
    if any(unicodedata.category(one) in {"Cc", "Cs"} or one in _LINE_ENDS for one in subject):
        raise Unusable("CONTROL_CHARACTERS", "a subject is one line without control characters", part="subject")
    if not 1 <= len(subject) <= MAX_SUBJECT:
        raise Unusable("LENGTH", f"a subject has 1 to {MAX_SUBJECT} characters", part="subject")
    return subject
