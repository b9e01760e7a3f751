"""From the names in a request to the action and thing that the policies are asked about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.identity.explaining.schemas import About
from chalicelib.platform.access.catalogue import Action, Actions
from chalicelib.platform.access.policies import resource_types
from chalicelib.platform.access.resources import Thing
from chalicelib.platform.errors import ValidationFailed, invalid

Things = Mapping[str, Thing[Any]]
"""Every type that can be asked about, by its name in the policies."""

ACADEMY, PERSON, CENTRE = "Academy", "User", "Centre"


def action_named(name: str, field: str) -> Action:
    """The action of a name; 422 for an unknown one."""
    action = Actions.all().get(name)
    if action is None:
        raise invalid(f"{field}.action", "UNKNOWN_ACTION", "is no action of this academy")
    return action


def thing_named(about: About, action: Action, things: Things, field: str) -> Thing[Any] | None:
    """The type of what the action is to be about; None for what it is about without naming any.

    422 for a type that is unknown or that the action is never about, for one without an id, and for an action that is
    always about something.
    """
    kinds = resource_types()[action.name]
    if about.resource_type is None:
        if about.resource_id is not None:
            raise invalid(f"{field}.resourceType", "REQUIRED", "is needed with resourceId")
        if not {ACADEMY, PERSON}.intersection(kinds):
            raise _wrong_type(field, "REQUIRED", f"is needed: this action is about {_either(kinds)}")
        return None
    if about.resource_type == ACADEMY and ACADEMY in kinds:
        return None
    thing = things.get(about.resource_type)
    if thing is None:
        raise _wrong_type(field, "UNKNOWN_TYPE", f"must be one of {', '.join(sorted(things))}")
    if thing.kind not in kinds:
        raise _wrong_type(field, "NOT_OF_ACTION", f"must be {_either(kinds)} for this action")
    if about.resource_id is None:
        raise invalid(f"{field}.resourceId", "REQUIRED", f"says which {thing.kind}")
    return thing


def _either(kinds: tuple[str, ...]) -> str:
    return " or ".join(kinds)


def _wrong_type(field: str, issue: str, message: str) -> ValidationFailed:
    return invalid(f"{field}.resourceType", issue, message)
