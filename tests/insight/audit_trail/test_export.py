"""The audit trail as CSV: in pages, harmless in a spreadsheet, and itself an entry."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.insight.audit_trail import exporting
from chalicelib.platform import clock, store
from chalicelib.platform.audit import SYSTEM, AuditEntry
from infra.local.emulator import Emulator
from tests.insight.audit_trail.entries import CREATE, UPDATE, note
from tests.support.client import Client, Response
from tests.support.people import People, Person

EXPORT = "/v1/admin/audit/export.csv"


@pytest.fixture
def auditor(people: People) -> Person:
    return people.admin("ADMIN_SECURITY")


def month() -> dict[str, str]:
    """The last 30 days as a query has them; a list is asked with the same ones for each page."""
    now = clock.now()
    return {"from": clock.iso(now - timedelta(days=30)), "to": clock.iso(now + timedelta(seconds=30))}


def ask(client: Client, person: Person, **query: Any) -> Response:
    return client.get(EXPORT, token=person.token, query={**month(), **query})


def rows(answer: Response) -> list[list[str]]:
    assert answer.status == 200, answer.body
    return list(csv.reader(io.StringIO(answer.body.decode("utf-8"), newline="")))


def exports(cloud: Emulator) -> list[AuditEntry]:
    found = [store.read(raw) for raw in cloud.items() if raw["kind"]["S"] == "AuditEntry"]
    return [one for one in found if isinstance(one, AuditEntry) and one.action == "audit.export"]


@pytest.mark.rule("AUD-04", "AUD-20")
def test_an_export_has_every_entry_of_its_filters_and_is_an_entry_itself(
    cloud: Emulator, client: Client, auditor: Person
) -> None:
    note(SYSTEM, CREATE, "S1", seconds=20)
    changed = note(auditor, UPDATE, "S1", seconds=10, changed={"name": ["A", 'B "quoted", ß']})
    answer = ask(client, auditor, actorUserId=auditor.id, action="subject.update")
    head, line = rows(answer)
    told = dict(zip(head, line, strict=True))
    assert told["id"] == changed
    assert (told["actorUserId"], told["actorName"], told["actorRoles"]) == (auditor.id, "Person 1", "ADMIN_SECURITY")
    assert json.loads(told["meta"]) == {"changed": {"name": ["A", 'B "quoted", ß']}}
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    assert "x-next-cursor" not in answer.headers
    (entry,) = exports(cloud)
    assert (entry.actor_user_id, entry.meta.as_dict()["lines"]) == (auditor.id, 1)
    assert entry.meta.as_dict()["filters"]["action"] == "subject.update"


@pytest.mark.rule("AUD-04", "HTTP-16")
@pytest.mark.parametrize("filters", [{}, {"actorUserId": "SYSTEM"}, {"resourceType": "subject"}])
def test_its_pages_are_one_file(client: Client, auditor: Person, filters: dict[str, str]) -> None:
    made = [note(SYSTEM, about=str(number), seconds=10 + number * 86_400) for number in range(7)]
    query: dict[str, Any] = {**month(), **filters, "limit": 3}
    lines: list[list[str]] = []
    for _ in range(9):
        answer = client.get(EXPORT, token=auditor.token, query=query)
        assert len(rows(answer)) <= 3 + ("cursor" not in query)
        lines += rows(answer)
        if "x-next-cursor" not in answer.headers:
            break
        query["cursor"] = answer.headers["x-next-cursor"]
        other = client.get(EXPORT, token=auditor.token, query={**query, "outcome": "DONE"})
        assert other.code == "CURSOR_INVALID"
    assert lines[0] == exporting.COLUMNS
    assert [line[0] for line in lines[1:] if line[7] == "subject.create"] == made


@pytest.mark.rule("AUD-04")
def test_an_answer_stays_within_what_the_platform_takes(
    cloud: Emulator, client: Client, auditor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What does not fit comes with the next page, on whichever index the list was found."""
    made = [note(SYSTEM, about="S1", seconds=10 + number, text="x" * 150) for number in range(6)]
    cloud.drain()
    monkeypatch.setattr(exporting, "MAX_BYTES", 900)
    period = month()
    for filters in ({}, {"resourceType": "subject"}, {"resourceType": "subject", "resourceId": "S1"}):
        found: list[str] = []
        query = {**period, **filters}
        for _ in range(20):
            answer = client.get(EXPORT, token=auditor.token, query=query, expect=200)
            own = [line for line in rows(answer) if line != exporting.COLUMNS and line[7] == "subject.create"]
            assert len(own) <= 3
            found += [line[0] for line in own]
            if "x-next-cursor" not in answer.headers:
                break
            query["cursor"] = answer.headers["x-next-cursor"]
        assert found == made, filters


@pytest.mark.rule("AUD-04")
@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_is_a_formula(client: Client, auditor: Person, first: str) -> None:
    formula = f"{first}HYPERLINK(1)"
    note(SYSTEM, about=formula, seconds=5)
    (_, line) = rows(ask(client, auditor, action="subject.create"))
    assert f"'{formula}" in line
    assert exporting.safe("plain = text") == "plain = text"


@pytest.mark.rule("AUD-04")
def test_both_ends_are_given_and_at_most_31_days_apart(cloud: Emulator, client: Client, auditor: Person) -> None:
    for query, field in (
        ({"from": "2026-01-01"}, "query.to"),
        ({"from": "2026-01-01", "to": "2026-02-01"}, "query.from"),
    ):
        answer = client.get(EXPORT, token=auditor.token, query=query, expect=422)
        assert set(answer.issues) == {field}
    assert exports(cloud) == []


@pytest.mark.rule("AUD-04")
def test_what_is_not_ones_own_is_exported_by_auditors_alone(cloud: Emulator, client: Client, people: People) -> None:
    editor = people.admin("ADMIN_CONTENT")
    assert ask(client, editor, actorUserId="me").status == 403
    assert exports(cloud) == []


@pytest.mark.rule("AUD-04")
def test_exports_are_counted_per_admin(
    client: Client, auditor: Person, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_EXPORT", "1/86400")
    assert [ask(client, auditor).status for _ in range(2)] == [200, 429]
    assert ask(client, people.super_admin()).status == 200
