"""Callers as the policies meet them: an access card in memory, no table."""

from __future__ import annotations

from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import DEFAULT_ROLES, Action
from chalicelib.platform.access.policies import resource_types
from chalicelib.platform.access.resources import ACADEMY, Entity
from chalicelib.platform.ids import new_ulid

SESSION = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"
NOTE = "01JH8Z6V3N4Q5R6S7T8V9WXYZ1"
SUBJECT = "01JH8Z6V3N4Q5R6S7T8V9WXYZ2"
TOPIC = "01JH8Z6V3N4Q5R6S7T8V9WXYZ3"
OTHER = "01JH8Z6V3N4Q5R6S7T8V9WXYZ4"
TEST = "01JH8Z6V3N4Q5R6S7T8V9WXYZ7"
CENTRE = "01JH8Z6V3N4Q5R6S7T8V9WXYZ8"
DEVICE = "d0d0d0d0d0d0d0d0"
DAY = 86_400


def caller(user_type: str = "STUDENT", *permissions: str, device: str = "", mfa: bool = False, **card: Any) -> Caller:
    """Somebody with these permissions on the card; ``card``: its other attributes."""
    user_id, now = new_ulid(), clock.epoch()
    place = AccessCard.place(user_id)
    facts = {
        "status": "ACTIVE",
        "permissions": set(permissions) or None,
        "sessions": {SESSION: {"exp": now + DAY, "authAt": now, "mfa": mfa}},
        **card,
    }
    return Caller(
        AccessCard(place.pk, place.sk, user_id=user_id, user_type=user_type, **facts), SESSION, ("pwd",), device
    )


def of_role(key: str, **card: Any) -> Caller:
    """Somebody with one of the default roles."""
    role = next(one for one in DEFAULT_ROLES if one.key == key)
    return caller(role.user_type, *role.permissions, role_keys=[key], **card)


def entitlement(kind: str = "NOTES", *, since: int = -DAY, until: int = DAY, **lists: list[str]) -> dict[str, Any]:
    """One entitlement of a card; ``since`` and ``until``: seconds from now."""
    now = clock.epoch()
    names = ("noteIds", "testIds", "subjectIds", "topicIds")
    return {
        new_ulid(): {
            "kind": kind,
            "startsAt": now + since,
            "endsAt": now + until,
            **{n: lists.get(n, []) for n in names},
        }
    }


def note(**facts: Any) -> Entity:
    """A published premium note of ``SUBJECT`` under ``TOPIC``; ``facts`` replace."""
    attributes = {
        "noteId": NOTE,
        "subjectId": SUBJECT,
        "topicPathIds": [TOPIC],
        "published": True,
        "premium": True,
        "preview": False,
        **facts,
    }
    return Entity("Note", str(attributes["noteId"]), attributes)


def exam(**facts: Any) -> Entity:
    """A published premium test of ``SUBJECT`` that is open; ``facts`` replace, ``within`` says where topics lie."""
    within = facts.pop("within", {})
    attributes = {
        "testId": TEST,
        "subjectIds": [SUBJECT],
        "topicIds": [],
        "published": True,
        "open": True,
        "free": False,
        **facts,
    }
    return Entity("Test", str(attributes["testId"]), attributes, within)


def practised(*topic_path_ids: str, **facts: Any) -> Entity:
    """``SUBJECT``, or of its topics the one whose path is named: itself and what is above it."""
    attributes = {
        "subjectId": SUBJECT,
        "topicPathIds": [*topic_path_ids],
        "published": True,
        "freeLeft": False,
        **facts,
    }
    return Entity("Topic", topic_path_ids[0], attributes) if topic_path_ids else Entity("Subject", SUBJECT, attributes)


def thing_of(action: Action) -> Entity:
    """Something that an action of students can be about."""
    kind = resource_types()[action.name][0]
    things = {"Note": note(premium=False, preview=True), "Test": exam(), "Subject": practised()}
    return things.get(kind, ACADEMY)


def asset(owner: str, purpose: str = "NOTES_PDF") -> Entity:
    """A file on its way in."""
    return Entity("Asset", new_ulid(), {"ownerId": owner, "purpose": purpose, "public": False, "reachable": False})
