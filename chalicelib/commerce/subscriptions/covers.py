"""What a card's entitlements open (ENT-10 … ENT-14): the twin of the policies, for lists, hints and explanations only.

Cedar decides (ENT-18); a test shows that both agree for random cards and resources. Instants are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any

from chalicelib.commerce.subscriptions.card import SCOPE_LISTS, Entry, entries_of
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.decisions import PRACTICE_WITH_TESTS
from chalicelib.platform.records import frozen

Facts = Mapping[str, Any]
"""A thing as the policies see it (``policies/access/schema.cedarschema``)."""
Within = Mapping[str, Sequence[str]]
"""Of the topics that a test names, the subject and the topics above each, as ``Entity.within``."""
Opens = Callable[[Sequence[Entry]], bool]
"""Whether entitlements that count at one instant, together, open a thing."""


class Hint(StrEnum):
    """More than the reason, for the app (ENT-17). REVOKED is said where the entitlements themselves were read."""

    NEVER_HAD = "NEVER_HAD"
    EXPIRED = "EXPIRED"
    UPCOMING = "UPCOMING"
    REVOKED = "REVOKED"
    OTHER_KIND = "OTHER_KIND"
    OTHER_SCOPE = "OTHER_SCOPE"


@frozen
class Verdict:
    """``reason``: ALLOWED, or why not (ACC-55). ``ended_at`` goes with EXPIRED, ``starts_at`` with UPCOMING."""

    reason: str
    hint: Hint | None = None
    ended_at: int | None = None
    starts_at: int | None = None

    @property
    def allowed(self) -> bool:
        return self.reason == "ALLOWED"


ALLOWED = Verdict("ALLOWED")


def opens_note(kind: str, scope: Mapping[str, Iterable[str]], note: Facts) -> bool:
    """Whether an entitlement, or a plan's grant, of that kind and scope opens a note (ENT-11)."""
    if kind == "ALL":
        return True
    return kind == "NOTES" and (
        whole(scope)
        or note["noteId"] in scope.get("noteIds", ())
        or note["subjectId"] in scope.get("subjectIds", ())
        or not set(scope.get("topicIds", ())).isdisjoint(note["topicPathIds"])
    )


def opens_practice(kind: str) -> bool:
    """Whether it opens practice at all, of whatever subject."""
    return kind in practice_kinds(everything=True)


def practice_kinds(*, everything: bool = False) -> set[str]:
    """The kinds that open practice: TESTS too while ``PRACTICE_WITH_TESTS``."""
    return {"PRACTICE", *(["TESTS"] if PRACTICE_WITH_TESTS() else []), *(["ALL"] if everything else [])}


def opens_practice_of(kind: str, scope: Mapping[str, Iterable[str]], thing: Facts) -> bool:
    """Whether it opens practice of a subject, or of a topic (``topicPathIds``: it and those above)."""
    if kind == "ALL":
        return True
    return opens_practice(kind) and (
        whole(scope)
        or thing["subjectId"] in scope.get("subjectIds", ())
        or not set(scope.get("topicIds", ())).isdisjoint(thing["topicPathIds"])
    )


def open_test(entries: Sequence[Entry], test: Facts, within: Within) -> bool:
    """Whether entitlements together open a test: all of it, by its id, or every subject and topic that it asks of."""
    own = [one for one in entries if one["kind"] == "TESTS"]
    if any(one["kind"] == "ALL" for one in entries) or any(whole(one) for one in own):
        return True
    if any(test["testId"] in one.get("testIds", ()) for one in own):
        return True
    subjects = {str(name) for one in own for name in one.get("subjectIds", ())}
    topics = {str(name) for one in own for name in one.get("topicIds", ())}
    held = subjects | topics
    topics |= {topic for topic, over in within.items() if not held.isdisjoint(over)}
    named = not subjects.isdisjoint(test["subjectIds"]) or not topics.isdisjoint(test["topicIds"])
    return named and subjects.issuperset(test["subjectIds"]) and topics.issuperset(test["topicIds"])


def can_access_note(card: AccessCard, note: Facts, now: float) -> Verdict:
    """ENT-12: published, not banned, and free or covered by ALL or NOTES."""
    if not note["published"]:
        return Verdict("NOT_PUBLISHED")
    if any(name in {"*", note["noteId"]} and float(end) > now for name, end in plain(card.note_bans).items()):
        return Verdict("NOTE_BANNED")
    if not note["premium"]:
        return ALLOWED
    return _by_entitlement(card, now, {"NOTES"}, _any(lambda one: opens_note(one["kind"], one, note)))


def can_access_test(card: AccessCard, test: Facts, now: float, within: Within | None = None) -> Verdict:
    """ENT-13: published and open, and free or covered by ALL or TESTS (ACC-42)."""
    if not test["published"]:
        return Verdict("NOT_PUBLISHED")
    if not test["open"]:
        return Verdict("NOT_OPEN")
    if test["free"]:
        return ALLOWED
    return _by_entitlement(card, now, {"TESTS"}, lambda entries: open_test(entries, test, within or {}))


def can_access_practice_of(card: AccessCard, thing: Facts, now: float) -> Verdict:
    """ENT-14: of a subject or topic; published, and free questions are left or it is covered."""
    if not thing["published"]:
        return Verdict("NOT_PUBLISHED")
    if thing["freeLeft"]:
        return ALLOWED
    opens = _any(lambda one: opens_practice_of(one["kind"], one, thing))
    return _by_entitlement(card, now, practice_kinds(), opens)


def can_access_practice(card: AccessCard, now: float) -> Verdict:
    """ENT-14 as far as entitlements go: something of practice is open."""
    return _by_entitlement(card, now, practice_kinds(), _any(lambda one: opens_practice(one["kind"])))


def whole(scope: Mapping[str, Iterable[str]]) -> bool:
    """Whether a scope names nothing, and so is the whole kind."""
    return not any(scope.get(name) for name in SCOPE_LISTS)


def _any(covers: Callable[[Entry], bool]) -> Opens:
    return lambda entries: any(covers(one) for one in entries)


def running_at(entries: Iterable[Entry], now: float) -> list[Entry]:
    """Those that count at an instant."""
    return [one for one in entries if one["startsAt"] <= now < one["endsAt"]]


def _by_entitlement(card: AccessCard, now: float, kinds: Collection[str], opens: Opens) -> Verdict:
    entries = list(entries_of(card).values())
    running = running_at(entries, now)
    if opens(running):
        return ALLOWED
    reason = "NO_ENTITLEMENT"
    if opens([one for one in entries if one["startsAt"] <= now]):
        reason = "ENTITLEMENT_EXPIRED"
    elif any(one["kind"] in kinds for one in running):
        reason = "ENTITLEMENT_OUT_OF_SCOPE"
    starts = sorted({int(one["startsAt"]) for one in entries if one["startsAt"] > now})
    for second in starts:
        if opens(running_at(entries, second)):
            return Verdict(reason, Hint.UPCOMING, starts_at=second)
    if reason == "ENTITLEMENT_EXPIRED":
        return Verdict(reason, Hint.EXPIRED, ended_at=_ended_at(entries, now, opens))
    return _elsewhere(card, now, kinds, running, reason)


def _ended_at(entries: Sequence[Entry], now: float, opens: Opens) -> int:
    """When it was open last; of what never was open at one time, when the last of it ended."""
    ends = sorted({int(one["endsAt"]) for one in entries if one["endsAt"] <= now}, reverse=True)
    return next((second for second in ends if opens(running_at(entries, second - 1))), ends[0])


def _elsewhere(card: AccessCard, now: float, kinds: Collection[str], running: Sequence[Entry], reason: str) -> Verdict:
    """The hint when nothing on the card ever covered it: there is something else, was something once, or nothing."""
    there = {str(one["kind"]) for one in running}
    if not there.isdisjoint(kinds):
        return Verdict(reason, Hint.OTHER_SCOPE)
    if there:
        return Verdict(reason, Hint.OTHER_KIND)
    until = int(card.entitled_until or 0)
    if 0 < until <= now:
        return Verdict(reason, Hint.EXPIRED, ended_at=until)
    return Verdict(reason, Hint.NEVER_HAD)
