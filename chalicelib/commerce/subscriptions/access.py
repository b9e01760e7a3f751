"""May I open this, and if not, why, and what would open it (ENT-02)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.commerce.plans import PlanGrant, unlocking
from chalicelib.commerce.subscriptions import covers
from chalicelib.commerce.subscriptions.covers import Verdict
from chalicelib.commerce.subscriptions.errors import NoSuchTest
from chalicelib.commerce.subscriptions.schemas import AccessAnswer, AccessQuery
from chalicelib.commerce.subscriptions.writing import instant
from chalicelib.content.notes import Note, NoteNotFound, reader_entity
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import FEATURES_OFF, decide

_BY_ENTITLEMENT = frozenset({"NO_ENTITLEMENT", "ENTITLEMENT_EXPIRED", "ENTITLEMENT_OUT_OF_SCOPE"})


def check(query: AccessQuery, caller: Caller) -> AccessAnswer:
    """Whether the caller may open what the query names.

    Raises ``NoteNotFound`` or ``NoSuchTest`` for what is unknown or unpublished. One read for a note, one query of the
    plans more when it is locked.
    """
    now = clock.now()
    if query.note_id is not None:
        return _note(query.note_id, caller, now)
    if query.test_id is not None:
        raise NoSuchTest
    verdict = covers.can_access_practice(caller.card, now.timestamp())
    if "practice" in FEATURES_OFF():
        verdict = Verdict("FEATURE_OFF")
    return _answer(verdict, lambda grant: covers.opens_practice(grant.kind))


def _note(note_id: str, caller: Caller, now: datetime) -> AccessAnswer:
    note = store.get(Note, Note.place(note_id))
    entity = reader_entity(note) if note is not None else None
    if entity is None or not entity.attributes["published"]:
        raise NoteNotFound
    decision = decide(caller, Actions.NOTES_OPEN, entity)
    verdict = Verdict(decision.reason)
    if decision.reason in _BY_ENTITLEMENT:
        # Cedar said no; the twin only says what the app shows beside it.
        twin = covers.can_access_note(caller.card, entity.attributes, now.timestamp())
        verdict = Verdict(decision.reason, twin.hint, twin.ended_at, twin.starts_at)
    return _answer(verdict, lambda grant: _grant_opens(grant, entity.attributes))


def _grant_opens(grant: PlanGrant, note: covers.Facts) -> bool:
    return covers.opens_note(grant.kind, grant.scope.model_dump(by_alias=True), note)


def _answer(verdict: Verdict, opens: Callable[[PlanGrant], bool]) -> AccessAnswer:
    return AccessAnswer(
        allowed=verdict.allowed,
        deny_reason=verdict.reason,
        hint=str(verdict.hint) if verdict.hint is not None else None,
        ended_at=instant(verdict.ended_at) if verdict.ended_at is not None else None,
        starts_at=instant(verdict.starts_at) if verdict.starts_at is not None else None,
        unlock_plans=unlocking(opens) if verdict.reason in _BY_ENTITLEMENT else [],
    )
