"""May I open this, and if not, why, and what would open it (ENT-02)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from chalicelib.commerce.plans import unlocking
from chalicelib.commerce.subscriptions import covers
from chalicelib.commerce.subscriptions.covers import Hint, Verdict
from chalicelib.commerce.subscriptions.errors import NoSuchTest
from chalicelib.commerce.subscriptions.items import entitlements_of
from chalicelib.commerce.subscriptions.schemas import AccessAnswer, AccessQuery
from chalicelib.commerce.subscriptions.sources import entry_of
from chalicelib.commerce.subscriptions.writing import instant
from chalicelib.content.notes import Note, NoteNotFound, reader_entity
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import FEATURES_OFF, decide
from chalicelib.platform.parallel import together

Opens = Callable[[str, Mapping[str, Any]], bool]
"""Whether a kind and a scope, of an entitlement or of a plan's grant, open the thing."""

_BY_ENTITLEMENT = frozenset({"NO_ENTITLEMENT", "ENTITLEMENT_EXPIRED", "ENTITLEMENT_OUT_OF_SCOPE"})


def check(query: AccessQuery, caller: Caller) -> AccessAnswer:
    """Whether the caller may open what the query names.

    Raises ``NoteNotFound`` or ``NoSuchTest`` for what is unknown or unpublished. One read for a note; when it is locked
    two queries more, side by side: of the plans, and of the entitlements, which tell what was revoked.
    """
    now = clock.now()
    if query.note_id is not None:
        return _note(query.note_id, caller, now)
    if query.test_id is not None:
        raise NoSuchTest
    verdict = covers.can_access_practice(caller.card, now.timestamp())
    if "practice" in FEATURES_OFF():
        verdict = Verdict("FEATURE_OFF")
    return _answer(caller, verdict, verdict, lambda kind, _: covers.opens_practice(kind))


def _note(note_id: str, caller: Caller, now: datetime) -> AccessAnswer:
    note = store.get(Note, Note.place(note_id))
    entity = reader_entity(note) if note is not None else None
    if entity is None or not entity.attributes["published"]:
        raise NoteNotFound
    decision = decide(caller, Actions.NOTES_OPEN, entity)
    # Where Cedar said no for want of an entitlement, the twin only says what the app shows beside it.
    twin = covers.can_access_note(caller.card, entity.attributes, now.timestamp())

    def opens(kind: str, scope: Mapping[str, Any]) -> bool:
        return covers.opens_note(kind, scope, entity.attributes)

    return _answer(caller, Verdict(decision.reason), twin, opens)


def shown_hint(verdict: Verdict, twin: Verdict, revoked: bool) -> Verdict:
    """A refusal with what the app shows beside it. ``revoked``: something that was revoked would have opened it now;
    told unless something that opens it is to come.
    """
    if verdict.reason not in _BY_ENTITLEMENT:
        return verdict
    if revoked and twin.hint is not Hint.UPCOMING:
        return Verdict(verdict.reason, Hint.REVOKED)
    return Verdict(verdict.reason, twin.hint, twin.ended_at, twin.starts_at)


def _answer(caller: Caller, verdict: Verdict, twin: Verdict, opens: Opens) -> AccessAnswer:
    plans: list[str] = []
    if verdict.reason in _BY_ENTITLEMENT:
        found, held = together(
            lambda: unlocking(lambda grant: opens(grant.kind, grant.scope.model_dump(by_alias=True))),
            lambda: store.every(entitlements_of(caller.user_id)),
        )
        plans = [str(key) for key in found] if isinstance(found, list) else []
        verdict = shown_hint(verdict, twin, _was_revoked(held, opens))
    return AccessAnswer(
        allowed=verdict.allowed,
        deny_reason=verdict.reason,
        hint=str(verdict.hint) if verdict.hint is not None else None,
        ended_at=instant(verdict.ended_at) if verdict.ended_at is not None else None,
        starts_at=instant(verdict.starts_at) if verdict.starts_at is not None else None,
        unlock_plans=plans,
    )


def _was_revoked(held: object, opens: Opens) -> bool:
    now = clock.now().timestamp()
    revoked = [one for one in held if one.revoked_at] if isinstance(held, list) else []
    return any(opens(one["kind"], one) for one in covers.running_at(map(entry_of, revoked), now))
