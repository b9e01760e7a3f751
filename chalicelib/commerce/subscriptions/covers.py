"""What a card's entitlements open (ENT-10 … ENT-14): the twin of the policies, for lists, hints and explanations only.

Cedar decides (ENT-18); a test shows that both agree for random cards and resources. Instants are epoch seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from chalicelib.commerce.subscriptions.card import SCOPE_LISTS, Entry, entries_of
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.decisions import PRACTICE_WITH_TESTS
from chalicelib.platform.records import frozen

Facts = Mapping[str, Any]
"""A thing as the policies see it (``policies/access/schema.cedarschema``)."""


class Hint(StrEnum):
    """More than the reason, for the app (ENT-17)."""

    NEVER_HAD = "NEVER_HAD"
    EXPIRED = "EXPIRED"
    UPCOMING = "UPCOMING"
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
        _whole(scope)
        or note["noteId"] in scope.get("noteIds", ())
        or note["subjectId"] in scope.get("subjectIds", ())
        or not set(scope.get("topicIds", ())).isdisjoint(note["topicPathIds"])
    )


def opens_practice(kind: str) -> bool:
    """Whether it opens practice at all, of whatever subject."""
    return kind in {"ALL", "PRACTICE"} or (kind == "TESTS" and PRACTICE_WITH_TESTS())


def can_access_note(card: AccessCard, note: Facts, now: float) -> Verdict:
    """ENT-12: published, not banned, and free or covered by ALL or NOTES."""
    if not note["published"]:
        return Verdict("NOT_PUBLISHED")
    if any(name in {"*", note["noteId"]} and float(end) > now for name, end in plain(card.note_bans).items()):
        return Verdict("NOTE_BANNED")
    if not note["premium"]:
        return ALLOWED
    return _by_entitlement(card, now, {"NOTES"}, lambda one: opens_note(one["kind"], one, note))


def can_access_practice(card: AccessCard, now: float) -> Verdict:
    """ENT-14 as far as entitlements go: something of practice is open."""
    kinds = {"PRACTICE", "TESTS"} if PRACTICE_WITH_TESTS() else {"PRACTICE"}
    return _by_entitlement(card, now, kinds, lambda one: opens_practice(one["kind"]))


def _whole(scope: Mapping[str, Iterable[str]]) -> bool:
    return not any(scope.get(name) for name in SCOPE_LISTS)


def _running(one: Entry, now: float) -> bool:
    return bool(one["startsAt"] <= now < one["endsAt"])


def _by_entitlement(card: AccessCard, now: float, kinds: set[str], covers: Callable[[Entry], bool]) -> Verdict:
    entries = list(entries_of(card).values())
    covering = [one for one in entries if covers(one)]
    if any(_running(one, now) for one in covering):
        return ALLOWED
    ends = [int(one["endsAt"]) for one in covering if one["endsAt"] <= now]
    reason = "NO_ENTITLEMENT"
    if ends:
        reason = "ENTITLEMENT_EXPIRED"
    elif any(_running(one, now) and one["kind"] in kinds for one in entries):
        reason = "ENTITLEMENT_OUT_OF_SCOPE"
    starts = [int(one["startsAt"]) for one in covering if one["startsAt"] > now]
    if starts:
        return Verdict(reason, Hint.UPCOMING, starts_at=min(starts))
    if ends:
        return Verdict(reason, Hint.EXPIRED, ended_at=max(ends))
    return _elsewhere(card, now, kinds, entries, reason)


def _elsewhere(card: AccessCard, now: float, kinds: set[str], entries: list[Entry], reason: str) -> Verdict:
    """The hint when nothing on the card ever covered it: there is something else, was something once, or nothing."""
    running = [str(one["kind"]) for one in entries if _running(one, now)]
    if kinds.intersection(running):
        return Verdict(reason, Hint.OTHER_SCOPE)
    if running:
        return Verdict(reason, Hint.OTHER_KIND)
    until = int(card.entitled_until or 0)
    if 0 < until <= now:
        return Verdict(reason, Hint.EXPIRED, ended_at=until)
    return Verdict(reason, Hint.NEVER_HAD)
