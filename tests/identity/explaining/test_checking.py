"""Padlocks: many questions, one read, one call of the policies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.platform import clock
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.support.client import Client, Response
from tests.support.people import People, Person

CHECK = "/v1/users/me/access/check"


def _about(action: str, kind: str | None = None, thing_id: str | None = None) -> dict[str, str]:
    given = {"action": action, "resourceType": kind, "resourceId": thing_id}
    return {name: value for name, value in given.items() if value is not None}


def _check(client: Client, person: Person, *checks: dict[str, str], expect: int = 200) -> Response:
    return client.post(CHECK, json={"checks": [*checks]}, token=person.token, expect=expect)


@pytest.mark.rule("ACC-14", "ACC-55")
def test_the_answers_come_in_order_and_agree_with_the_endpoints(
    desk: Desk, client: Client, people: People, paid: Callable[[Person, float], str], cloud: Emulator
) -> None:
    subject = desk.subject()
    inside, outside, free = desk.note(isPremium=True, subject=subject), desk.note(isPremium=True), desk.note()
    draft = desk.draft()
    reader = desk.student({"kind": "NOTES", "subjectIds": [subject["id"]]})
    order, foreign = paid(reader, 1), people.student()
    asked = [
        (_about("notes.open", "Note", outside["id"]), "ENTITLEMENT_OUT_OF_SCOPE"),
        (_about("notes.open", "Note", inside["id"]), "ALLOWED"),
        (_about("notes.open", "Note", new_ulid()), "NOT_FOUND"),
        (_about("notes.open", "Note", free["id"]), "ALLOWED"),
        (_about("notes.open", "Note", draft["id"]), "NOT_FOUND"),
        (_about("notes.open", "Note", inside["id"].lower()), "NOT_FOUND"),
        (_about("notes.preview", "Note", inside["id"]), "MISSING_PERMISSION"),
        (_about("practice.use", "Subject", subject["id"]), "NO_ENTITLEMENT"),
        (_about("orders.read", "Order", order), "ALLOWED"),
        (_about("payments.checkout"), "ALLOWED"),
        (_about("search.use"), "ALLOWED"),
    ]
    cloud.calls.clear()
    items = _check(client, reader, *(one for one, _ in asked)).json["items"]
    assert [one["reason"] for one in items] == [reason for _, reason in asked]
    assert [one["allowed"] for one in items] == [reason == "ALLOWED" for _, reason in asked]
    assert [
        call.operation for call in cloud.calls if call.service == "dynamodb" and call.operation != "UpdateItem"
    ] == [
        "GetItem",
        "BatchGetItem",
    ]
    [of_other] = _check(client, foreign, _about("orders.read", "Order", order)).json["items"]
    assert of_other == {"allowed": False, "reason": "NOT_FOUND"}


@pytest.mark.rule("ACC-14", "ACC-49")
def test_a_module_that_is_off_and_a_ban_are_told(desk: Desk, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    note = desk.note()
    banned = desk.student(note_bans={note["id"]: clock.epoch() + 600})
    about = _about("notes.open", "Note", note["id"])
    assert _check(client, banned, about).json["items"] == [{"allowed": False, "reason": "NOTE_BANNED"}]
    monkeypatch.setenv("FEATURES_OFF", "notes")
    assert _check(client, banned, about).json["items"] == [{"allowed": False, "reason": "FEATURE_OFF"}]


@pytest.mark.rule("ACC-14")
@pytest.mark.parametrize(
    ("checks", "issues"),
    [
        ([_about("notes.fly")], {"body.checks.0.action": "UNKNOWN_ACTION"}),
        (
            [_about("payments.checkout"), _about("content.manage"), _about("profile.read")],
            {"body.checks.1.action": "NOT_CHECKABLE", "body.checks.2.action": "NOT_CHECKABLE"},
        ),
        ([_about("notes.open", "Banner", "X")], {"body.checks.0.resourceType": "UNKNOWN_TYPE"}),
        ([_about("notes.open", "Order", "X")], {"body.checks.0.resourceType": "NOT_OF_ACTION"}),
        ([_about("notes.open")], {"body.checks.0.resourceType": "REQUIRED"}),
        ([_about("notes.open", "Note")], {"body.checks.0.resourceId": "REQUIRED"}),
        ([], {"body.checks": "TOO_SHORT"}),
        ([_about("payments.checkout")] * 51, {"body.checks": "TOO_LONG"}),
    ],
)
def test_what_cannot_be_asked_is_told(
    client: Client, people: People, checks: list[dict[str, str]], issues: dict[str, Any]
) -> None:
    assert _check(client, people.student(), *checks, expect=422).issues == issues


@pytest.mark.rule("ACC-14")
def test_fifty_are_answered_at_once_and_staff_actions_are_not_checkable(client: Client, people: People) -> None:
    found = _check(client, people.student(), *[_about("notes.open", "Note", new_ulid())] * 50).json["items"]
    assert len(found) == 50
    assert [one.name for one in Actions.all().values() if one.checkable and (one.for_staff or one.centre)] == []
