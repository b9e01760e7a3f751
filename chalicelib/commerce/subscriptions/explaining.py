"""Why somebody may open something, or may not: every entitlement and what it does for that (ENT-06). Reads only.

The decision is Cedar's own, on the person's current card; the entitlements beside it are told by the twin.
"""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.commerce.subscriptions import covers
from chalicelib.commerce.subscriptions.access import shown_hint
from chalicelib.commerce.subscriptions.card import Entry, entries_of
from chalicelib.commerce.subscriptions.covers import Facts, Verdict
from chalicelib.commerce.subscriptions.entitlement_schemas import ExplainedAccess, ExplainedEntitlement
from chalicelib.commerce.subscriptions.errors import NoSuchTest
from chalicelib.commerce.subscriptions.items import Entitlement, entitlements_of
from chalicelib.commerce.subscriptions.schemas import AccessQuery
from chalicelib.commerce.subscriptions.sources import entry_of
from chalicelib.commerce.subscriptions.views import (
    EFFECTIVE,
    ENDED,
    REVOKED,
    UPCOMING,
    entitlement_view,
    newest_first,
    status_of,
)
from chalicelib.commerce.subscriptions.writing import instant
from chalicelib.content.notes import Note, NoteNotFound, reader_entity
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import Decision, decide, decide_all
from chalicelib.platform.access.resources import Entity

NOWHERE = "-"
"""A subject that no entitlement names: what opens practice of it opens practice of everything."""
_WHY = {ENDED: "ENDED", REVOKED: "REVOKED", UPCOMING: "NOT_STARTED"}


def explained(card: AccessCard, query: AccessQuery) -> ExplainedAccess:
    """The decision that a request of theirs would meet, and each of their entitlements. One read, one query.

    Raises ``NoteNotFound`` and ``NoSuchTest`` for what is unknown; what is unpublished is explained.
    """
    if query.test_id is not None:
        raise NoSuchTest
    person, now = Caller(card, ""), clock.now().timestamp()
    note = _note(query.note_id) if query.note_id is not None else None
    held = newest_first(store.every(entitlements_of(str(card.user_id))))
    if note is not None:
        decision = decide(person, Actions.NOTES_OPEN, note)
        twin = covers.can_access_note(card, note.attributes, now)
    else:
        decision = _practice(person, now)
        twin = covers.can_access_practice(card, now)
    facts = note.attributes if note is not None else None
    verdict = shown_hint(Verdict(decision.reason), twin, _revoked(held, facts, now))
    return ExplainedAccess(
        allowed=decision.allowed,
        deny_reason=decision.reason,
        hint=str(verdict.hint) if verdict.hint is not None else None,
        ended_at=instant(verdict.ended_at) if verdict.ended_at is not None else None,
        starts_at=instant(verdict.starts_at) if verdict.starts_at is not None else None,
        policies=list(decision.policies),
        entitlements=[_explained(one, facts) for one in held],
    )


def _note(note_id: str) -> Entity:
    note = store.get(Note, Note.place(note_id))
    if note is None:
        raise NoteNotFound
    return reader_entity(note)


def _practice(person: Caller, now: float) -> Decision:
    """Practice of anything that their entitlements name, or else of a subject that none names."""
    entries = [one for one in entries_of(person.card).values() if covers.opens_practice(str(one["kind"]))]
    decisions = decide_all(person, Actions.PRACTICE_USE, [*_named(covers.running_at(entries, now)), _subject(NOWHERE)])
    return next((one for one in decisions if one.allowed), decisions[-1])


def _named(entries: Iterable[Entry]) -> list[Entity]:
    """The first subject and the first topic that each entitlement names."""
    found = []
    for one in entries:
        found += [_subject(str(name)) for name in list(one.get("subjectIds") or ())[:1]]
        found += [_topic(str(name)) for name in list(one.get("topicIds") or ())[:1]]
    return found


def _subject(subject_id: str) -> Entity:
    facts = {"subjectId": subject_id, "topicPathIds": [], "published": True, "freeLeft": False}
    return Entity("Subject", subject_id, facts)


def _topic(topic_id: str) -> Entity:
    facts = {"subjectId": NOWHERE, "topicPathIds": [topic_id], "published": True, "freeLeft": False}
    return Entity("Topic", topic_id, facts)


def _revoked(held: Iterable[Entitlement], note: Facts | None, now: float) -> bool:
    """Whether something that was revoked would have opened it now."""
    return any(
        one.revoked_at and covers.running_at([entry_of(one)], now) and because(entry_of(one), note).startswith("COVERS")
        for one in held
    )


def _explained(one: Entitlement, note: Facts | None) -> ExplainedEntitlement:
    why, status = because(entry_of(one), note), status_of(one)
    does = why.startswith("COVERS")
    if does and status != EFFECTIVE:
        why = _WHY[status]
    return ExplainedEntitlement(**entitlement_view(one).model_dump(), covers=does and status == EFFECTIVE, because=why)


def because(one: Entry, note: Facts | None) -> str:
    """By what it covers the note, or practice of something (None); or why it does not, whenever it counts."""
    kind = str(one["kind"])
    if kind == "ALL":
        return "COVERS_EVERYTHING"
    if note is None:
        return "COVERS_KIND" if covers.opens_practice(kind) else "OTHER_KIND"
    if kind != "NOTES":
        return "OTHER_KIND"
    if covers.whole(one):
        return "COVERS_KIND"
    if note["noteId"] in one["noteIds"]:
        return "COVERS_NOTE"
    if note["subjectId"] in one["subjectIds"]:
        return "COVERS_SUBJECT"
    if not set(one["topicIds"]).isdisjoint(note["topicPathIds"]):
        return "COVERS_TOPIC"
    return "OTHER_SCOPE"
