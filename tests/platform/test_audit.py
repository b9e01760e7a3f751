"""The audit trail: with the change or not at all; refusals once a minute; nothing secret, nothing long."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.platform import audit, store
from chalicelib.platform.audit import AuditAction, AuditEntry
from chalicelib.platform.store import read
from infra.local.emulator import Emulator
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once

TRIED = AuditAction("sample.try", "Something was tried")


def entries(cloud: Emulator, **wanted: str) -> list[AuditEntry]:
    found = [read(raw) for raw in cloud.items() if raw["kind"]["S"] == "AuditEntry"]
    return [
        one
        for one in found
        if isinstance(one, AuditEntry) and all(getattr(one, name) == value for name, value in wanted.items())
    ]


@pytest.mark.rule("AUD-20", "AUD-21", "AUD-24")
def test_a_change_and_its_entry_commit_together(cloud: Emulator, client: Client, people: People) -> None:
    editor = people.admin("ADMIN_CONTENT")
    given = {"key": "polity", "name": "Polity"}
    cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=10)
    assert client.call("POST", "/v1/admin/subjects", json=given, token=editor.token).status == 503
    assert entries(cloud, action="subject.create") == []
    cloud.faults.clear()
    made = client.call("POST", "/v1/admin/subjects", json=given, token=editor.token)
    (entry,) = entries(cloud, action="subject.create")
    assert entry.resource_id == made.json["id"]
    assert (entry.actor_user_id, entry.actor_kind, entry.outcome) == (editor.id, "USER", "DONE")
    assert entry.request_id == made.headers["x-request-id"]


@pytest.mark.rule("AUD-22")
def test_what_is_told_is_short(cloud: Emulator) -> None:
    tx = store.Transaction()
    meta: dict[str, Any] = {"changed": {"name": ["a" * 500, "b"], "ids": [[], list(range(90))]}}
    audit.write(tx, TRIED, "one", meta=meta)
    tx.commit()
    (entry,) = entries(cloud, action="sample.try")
    told = entry.meta.as_dict()["changed"]
    assert len(told["name"][0]) == audit.MAX_TEXT
    assert len(told["ids"][1]) == audit.MAX_LIST


@pytest.mark.rule("AUD-22")
@pytest.mark.parametrize(
    "meta",
    [
        {"ids": ["x" * 200] * 50},
        {"changed": {f"field{number}": ["é" * 300, "b" * 300] for number in range(40)}},
        {f"member{number}" * 9: "x" * 300 for number in range(900)},
    ],
)
def test_all_that_is_told_is_at_most_8_kb(cloud: Emulator, meta: dict[str, Any]) -> None:
    tx = store.Transaction()
    audit.write(tx, TRIED, "one", meta=meta)
    tx.commit()
    (entry,) = entries(cloud, action="sample.try")
    kept = entry.meta.as_dict()
    assert kept
    assert len(json.dumps(kept, ensure_ascii=False).encode()) <= 8_192


@pytest.mark.rule("AUD-25")
def test_refusals_of_staff_actions_are_kept_once_a_minute(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    given = {"key": "polity", "name": "Polity"}
    answers = at_once(
        [lambda: client.call("POST", "/v1/admin/subjects", json=given, token=student.token) for _ in range(8)]
    )
    assert {one.status for one in answers} == {403}
    (entry,) = entries(cloud, outcome="REFUSED")
    assert (entry.actor_user_id, entry.action, entry.reason) == (student.id, "content.manage", "WRONG_USER_TYPE")
    cloud.advance(60)
    client.call("POST", "/v1/admin/subjects", json=given, token=student.token)
    assert len(entries(cloud, outcome="REFUSED")) == 2


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDIT_REFUSALS", "false")


@pytest.mark.rule("AUD-25")
@pytest.mark.usefixtures("silent")
def test_refusals_can_be_left_out(cloud: Emulator, client: Client, people: People) -> None:
    client.call("GET", "/v1/admin/subjects", token=people.student().token)
    assert entries(cloud, outcome="REFUSED") == []


@pytest.mark.rule("AUD-25")
def test_a_refusal_that_cannot_be_kept_is_still_a_refusal(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    cloud.fault("dynamodb", "PutItem", "InternalServerError", times=10)
    assert client.call("GET", "/v1/admin/subjects", token=student.token).status == 403
    assert entries(cloud, outcome="REFUSED") == []
