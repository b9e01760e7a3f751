"""What somebody may themselves, asked beforehand and many at once: padlocks in lists (ACC-14)."""

from __future__ import annotations

from typing import Any

from chalicelib.identity.explaining.asking import Things, action_named, thing_named
from chalicelib.identity.explaining.schemas import About, CheckAnswer, Checked
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Action
from chalicelib.platform.access.decisions import (
    NOT_OWNER,
    NOT_PUBLISHED,
    OTHER_TENANT,
    Decision,
    Question,
    decide_many,
    usual_thing,
)
from chalicelib.platform.access.resources import Thing
from chalicelib.platform.errors import ValidationFailed, invalid

NOT_FOUND = "NOT_FOUND"
_AS_IF_ABSENT = frozenset({NOT_OWNER, NOT_PUBLISHED, OTHER_TENANT})
"""What somebody may not know to be there (HTTP-24)."""


def checked(checks: list[About], caller: Caller, things: Things) -> CheckAnswer:
    """Whether the caller may, for each in its order. One batch read, one batch of decisions.

    422 for actions that apps do not ask about beforehand, and for types that are unknown or do not fit.
    """
    asked = _named(checks, things)
    keys = [
        thing.key(about.resource_id or "", caller.user_id)
        for about, (_, thing) in zip(checks, asked, strict=True)
        if thing
    ]
    items = iter(store.get_many(keys) if keys else [])
    questions: list[Question | None] = []
    for action, thing in asked:
        entity = usual_thing(caller, action) if thing is None else thing.met(next(items), by_staff=action.for_staff)
        questions.append(Question(action, entity) if entity is not None else None)
    decisions = iter(decide_many(caller, [question for question in questions if question is not None]))
    return CheckAnswer(items=[_shown(next(decisions) if question else None) for question in questions])


def _named(checks: list[About], things: Things) -> list[tuple[Action, Thing[Any] | None]]:
    """Actions and types by name; everything that is wrong with any of them comes in one answer (HTTP-12)."""
    named: list[tuple[Action, Thing[Any] | None]] = []
    found: list[Any] = []
    for position, about in enumerate(checks):
        field = f"body.checks.{position}"
        try:
            action = action_named(about.action, field)
            if not action.checkable:
                raise invalid(f"{field}.action", "NOT_CHECKABLE", "is not for asking beforehand")
            named.append((action, thing_named(about, action, things, field)))
        except ValidationFailed as error:
            found.extend(error.details or ())
    if found:
        raise ValidationFailed(found)
    return named


def _shown(decision: Decision | None) -> Checked:
    if decision is None or decision.reason in _AS_IF_ABSENT:
        return Checked(allowed=False, reason=NOT_FOUND)
    return Checked(allowed=decision.allowed, reason=decision.reason)
