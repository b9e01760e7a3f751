"""Which wording counts: a stored, active one, else the one in code; in the person's language, else English (NTF-30)."""

from __future__ import annotations

from chalicelib.engagement.notifications import catalogue
from chalicelib.engagement.notifications.catalogue import FALLBACK, Composed, Kind, Wording
from chalicelib.engagement.notifications.composing import compose
from chalicelib.engagement.notifications.errors import Unusable
from chalicelib.engagement.notifications.items import StoredTemplate
from chalicelib.platform import store
from chalicelib.platform.logs import alarm
from chalicelib.platform.messages import Channel
from chalicelib.platform.records import frozen

WORDED_AS = Channel.EMAIL
"""Other channels say the text of the e-mail's wording until they have wordings of their own."""


@frozen
class Candidate:
    """A wording that may count; ``version`` of a stored one, None for that in code."""

    wording: Wording
    language: str
    version: int | None
    required: tuple[str, ...] = ()


def stored_wording(template: StoredTemplate) -> Wording:
    """What a stored template says."""
    return Wording(template.subject, template.html, template.text)


def candidates(kind: Kind, locale: str) -> list[Candidate]:
    """The wordings that may count, best first; the last one is in code. One round trip."""
    languages = list(dict.fromkeys([catalogue.language(locale), FALLBACK]))
    found = store.get_many([StoredTemplate.place(kind.key, WORDED_AS, one) for one in languages])
    ranked: list[Candidate] = []
    for language, item in zip(languages, found, strict=True):
        if isinstance(item, StoredTemplate) and item.is_active:
            required = tuple(item.required or ())
            ranked.append(Candidate(stored_wording(item), language, int(item.version), required))
        own = catalogue.built_in(kind.key, language)
        if own is not None:
            ranked.append(Candidate(own, language, None))
    return ranked


def composed(kind: Kind, locale: str, given: dict[str, object]) -> tuple[Composed, Candidate]:
    """The mail by the best wording that works; a broken stored one alarms and is passed over.

    Raises ``VariableMissing``; ``Unusable`` when even the wording in code does not work with these values.
    """
    ranked = candidates(kind, locale)
    for candidate in ranked[:-1]:
        try:
            return _by(kind, candidate, given), candidate
        except Unusable as broken:
            alarm("wording is broken", template=kind.key, language=candidate.language, issue=broken.issue)
    return _by(kind, ranked[-1], given), ranked[-1]


def _by(kind: Kind, candidate: Candidate, given: dict[str, object]) -> Composed:
    wanted = tuple(dict.fromkeys((*kind.required, *candidate.required)))
    needing = Kind(kind.key, kind.message_class, wanted, kind.optional, kind.sealed)
    return compose(needing, candidate.wording, given, candidate.language)
