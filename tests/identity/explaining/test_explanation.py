"""Explanations agree with what the endpoints do, and show no more than they may."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.content.notes import Note
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.policies import policies
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.identity.explaining.conftest import Explain
from tests.support.client import Client
from tests.support.people import People, Person

DAY = 86_400


def _agree(desk: Desk, explain: Explain, reader: Person, note: dict[str, Any]) -> str:
    """What the endpoint says and what the explanation says; they are one."""
    opened = desk.open(note, reader)
    told = explain(reader, "notes.open", ("Note", note["id"])).json
    said = "ALLOWED" if opened.status == 201 else str(opened.json["details"]["reason"])
    assert (told["allowed"], told["reason"]) == (opened.status == 201, said)
    return said


@pytest.fixture
def premium(desk: Desk) -> Callable[..., dict[str, Any]]:
    return lambda **more: desk.note(isPremium=True, **more)


@pytest.mark.rule("ACC-10", "ACC-37", "ACC-55", "ACC-56", "ACC-71")
def test_an_entitlement_to_a_subject_opens_its_notes_until_it_ends(
    desk: Desk, explain: Explain, premium: Callable[..., dict[str, Any]], cloud: Emulator
) -> None:
    """Page 03's proof: within, out of scope, expired, everything; from one request to the next."""
    subject = desk.subject()
    inside, outside = premium(subject=subject), premium()
    reader = desk.student({"kind": "NOTES", "subjectIds": [subject["id"]], "endsAt": clock.epoch() + 600})
    assert _agree(desk, explain, reader, inside) == "ALLOWED"
    assert _agree(desk, explain, reader, outside) == "ENTITLEMENT_OUT_OF_SCOPE"
    cloud.advance(601)
    assert _agree(desk, explain, reader, inside) == "ENTITLEMENT_EXPIRED"
    everything = {"kind": "ALL", "startsAt": clock.epoch() - 1, "endsAt": clock.epoch() + DAY}
    store.update(AccessCard, AccessCard.place(reader.id), [AccessCard.entitlements["E9"].set(everything)])
    assert _agree(desk, explain, reader, inside) == "ALLOWED"
    assert _agree(desk, explain, reader, outside) == "ALLOWED"


@pytest.mark.rule("ACC-37", "ACC-56")
def test_a_topic_covers_what_lies_below_it(
    desk: Desk, explain: Explain, premium: Callable[..., dict[str, Any]]
) -> None:
    constitution, rights = new_ulid(), new_ulid()
    note = premium()
    store.update(Note, Note.place(note["id"]), [Note.topic_path_ids.set([rights, constitution])])
    assert _agree(desk, explain, desk.student({"topicIds": [constitution]}), note) == "ALLOWED"
    assert _agree(desk, explain, desk.student({"topicIds": [new_ulid()]}), note) == "ENTITLEMENT_OUT_OF_SCOPE"
    store.update(Note, Note.place(note["id"]), [Note.topic_path_ids.set([constitution])])
    assert _agree(desk, explain, desk.student({"topicIds": [rights]}), note) == "ENTITLEMENT_OUT_OF_SCOPE"


@pytest.mark.rule("ACC-71")
def test_an_entitlement_ends_at_the_second_that_it_says(
    desk: Desk, explain: Explain, premium: Callable[..., dict[str, Any]], cloud: Emulator
) -> None:
    """On the minute, say at 18:30:00: open a millisecond before, refused at the very second; and no job ran."""
    ends = (clock.now() + timedelta(minutes=10)).replace(second=0, microsecond=0)
    note = premium()
    reader = desk.student({"endsAt": int(ends.timestamp())})
    found = {}
    for before in (timedelta(milliseconds=1), timedelta()):
        now = clock.iso(ends - before)
        told = explain(reader, "notes.open", ("Note", note["id"]), context={"now": now}).json
        assert told["evaluatedAt"] == now
        found[before] = told["reason"]
    assert list(found.values()) == ["ALLOWED", "ENTITLEMENT_EXPIRED"]
    cloud.advance((ends - clock.now()).total_seconds() - 60)
    assert _agree(desk, explain, reader, note) == "ALLOWED"
    cloud.advance((ends - clock.now()).total_seconds())
    assert _agree(desk, explain, reader, note) == "ENTITLEMENT_EXPIRED"


@pytest.mark.rule("ACC-10", "ACC-45", "ACC-55")
def test_a_refund_after_the_window_is_refused_to_finance_and_passes_for_super_admins(
    explain: Explain, people: People, paid: Callable[[Person, float], str]
) -> None:
    finance, boss, content = people.admin("ADMIN_FINANCE"), people.super_admin(), people.admin("ADMIN_CONTENT")
    student = people.student()
    for hours, by_finance in ((23.9, (True, "ALLOWED")), (25, (False, "REFUND_TOO_LATE"))):
        order = ("Order", paid(student, hours))
        told = explain(finance, "payments.refund", order).json
        assert (told["allowed"], told["reason"]) == by_finance
        assert told["facts"]["resource"]["capturedHoursAgo"] == int(hours)
        assert explain(boss, "payments.refund", order).json["allowed"] is True
    late = explain(finance, "payments.refund", order).json
    assert ([one["id"] for one in late["policies"]], late["missingPermission"]) == (
        ["refund-window"],
        "payments.refund.late",
    )
    told = explain(content, "payments.refund", order).json
    assert (told["reason"], told["missingPermission"]) == ("MISSING_PERMISSION", "payments.refund")
    earlier = clock.iso(clock.now() - timedelta(hours=2))
    assert explain(finance, "payments.refund", order, context={"now": earlier}).json["allowed"] is True
    other = people.student()
    assert explain(student, "orders.read", order).json["allowed"] is True
    assert explain(other, "orders.read", order).json["reason"] == "NOT_OWNER"


@pytest.mark.rule("ACC-10", "ACC-55")
@pytest.mark.parametrize(
    ("role", "card", "action", "reason", "policy"),
    [
        ("ADMIN_CONTENT", {}, "content.manage", "ALLOWED", "permission:content.manage"),
        ("ADMIN_SUPPORT", {}, "content.manage", "MISSING_PERMISSION", None),
        ("ADMIN_CONTENT", {"status": "BLOCKED"}, "content.manage", "ACCOUNT_BLOCKED", "account-active"),
        ("STUDENT", {"grants": {"content.manage"}}, "content.manage", "WRONG_USER_TYPE", "staff-only"),
        ("STUDENT", {}, "payments.checkout", "ALLOWED", "checkout"),
        ("STUDENT", {}, "profile.write", "ALLOWED", "own-things"),
    ],
)
def test_the_reason_and_the_policy_are_named(
    explain: Explain,
    people: People,
    role: str,
    card: dict[str, Any],
    action: str,
    reason: str,
    policy: str | None,
) -> None:
    person = people.student(**card) if role == "STUDENT" else people.admin(role, **card)
    told = explain(person, action).json
    assert (told["allowed"], told["reason"]) == (reason == "ALLOWED", reason)
    assert [one["id"] for one in told["policies"]] == ([policy] if policy else [])
    for one in told["policies"]:
        known = policies()[one["id"]]
        assert (one["effect"], one["description"], one["file"]) == (known.effect, known.description, known.file)
    assert (told["missingPermission"] is not None) == (reason == "MISSING_PERMISSION")


@pytest.mark.rule("ACC-10", "ACC-33")
def test_a_second_factor_counts_if_any_live_session_has_it(
    explain: Explain, auditor: Person, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one is required, whoever asks has one too."""
    far, past = clock.epoch() + DAY, clock.epoch() - 1
    cards = {
        "none": {"A": {"exp": far, "authAt": 0, "mfa": False}, "B": {"exp": past, "authAt": 0, "mfa": True}},
        "ended": {"A": {"exp": far, "authAt": 0, "mfa": True, "ended": "LOGOUT"}},
        "one": {"A": {"exp": far, "authAt": 0, "mfa": False}, "B": {"exp": far, "authAt": 0, "mfa": True}},
    }
    persons = {name: people.admin("ADMIN_CONTENT", sessions=sessions) for name, sessions in cards.items()}
    store.update(
        AccessCard,
        AccessCard.place(auditor.id),
        [AccessCard.sessions[auditor.session_id].set({"exp": far, "authAt": 0, "mfa": True})],
    )
    monkeypatch.setenv("MFA_ADMIN", "required")
    found = {name: explain(person, "content.manage").json["reason"] for name, person in persons.items()}
    assert found == {"none": "MFA_REQUIRED", "ended": "MFA_REQUIRED", "one": "ALLOWED"}


@pytest.mark.rule("ACC-10", "ACC-46", "ACC-47")
def test_the_centre_of_a_request_can_be_supposed(explain: Explain, people: People) -> None:
    here, there = new_ulid(), new_ulid()
    operator = people.admin("CENTRE_OWNER", centres={here: ["centre.seats.manage"]})
    for centre, action, reason in (
        (here, "centre.seats.manage", "ALLOWED"),
        (here, "centre.reports.read", "MISSING_PERMISSION"),
        (there, "centre.seats.manage", "OTHER_TENANT"),
    ):
        told = explain(operator, action, context={"centreId": centre, "ip": "203.0.113.9"}).json
        assert told["reason"] == reason
        assert told["facts"]["context"]["centreKeys"] == [f"{centre}/{action}"]


@pytest.mark.rule("ACC-10")
@pytest.mark.parametrize(
    ("change", "issues"),
    [
        ({"action": "notes.fly"}, {"body.action": "UNKNOWN_ACTION"}),
        ({"action": "notes"}, {"body.action": "STRING_PATTERN_MISMATCH"}),
        ({"resourceType": "Note"}, {"body.resourceId": "REQUIRED"}),
        ({"resourceId": new_ulid()}, {"body.resourceType": "REQUIRED"}),
        ({"action": "notes.open"}, {"body.resourceType": "REQUIRED"}),
        ({"action": "tests.attempt", "resourceType": "Test", "resourceId": "X"}, {"body.resourceType": "UNKNOWN_TYPE"}),
        ({"resourceType": "Order", "resourceId": "X"}, {"body.resourceType": "NOT_OF_ACTION"}),
        ({"context": {"ip": "here"}}, {"body.context.ip": "INVALID"}),
    ],
)
def test_names_that_are_unknown_or_do_not_fit_are_told(
    explain: Explain, people: People, cloud: Emulator, change: dict[str, Any], issues: dict[str, str]
) -> None:
    person = people.student()
    before = len(cloud.items())
    answer = explain(person, **{"action": "notes.browse", "expect": 422, **change})
    assert set(answer.issues) == set(issues)
    if "INVALID" not in issues.values():
        assert answer.issues == issues
    if "UNKNOWN_TYPE" in issues.values():
        assert "Asset, Note, Order, Subject, User" in answer.json["details"][0]["message"]
    assert len(cloud.items()) == before


@pytest.mark.rule("ACC-10")
def test_somebody_or_something_unknown_is_404(explain: Explain, people: People, cloud: Emulator) -> None:
    student, nobody = people.student(), Person(new_ulid(), "", "", "", "", "", "STUDENT", "STUDENT")
    assert explain(nobody, "notes.browse", expect=404).code == "USER_NOT_FOUND"
    for thing, code in (("Note", "NOTE_NOT_FOUND"), ("Order", "ORDER_NOT_FOUND"), ("User", "USER_NOT_FOUND")):
        action = {"Note": "notes.open", "Order": "orders.read", "User": "profile.read"}[thing]
        assert explain(student, action, (thing, new_ulid()), expect=404).code == code
    assert not [item for item in cloud.items() if item["kind"]["S"] == "AuditEntry"]


@pytest.mark.rule("ACC-10", "ACC-61")
def test_an_explanation_is_audited_and_shows_what_access_read_may_see(
    explain: Explain, people: People, desk: Desk, cloud: Emulator
) -> None:
    note = desk.note(isPremium=True)
    reader = desk.student({"kind": "NOTES", "noteIds": [note["id"]]}, device_bans={"d" * 16: clock.epoch() + DAY})
    cloud.calls.clear()
    told = explain(reader, "notes.open", ("Note", note["id"])).json
    asked = [call.operation for call in cloud.calls if call.service == "dynamodb" and call.operation != "UpdateItem"]
    assert asked == ["GetItem", "BatchGetItem", "TransactWriteItems"]
    facts = told["facts"]
    assert facts["principal"]["notes"]["noteIds"] == [note["id"]]
    assert (facts["principal"]["id"], facts["principal"]["status"]) == (reader.id, "ACTIVE")
    assert facts["resource"]["noteId"] == note["id"]
    assert facts["context"]["featureOff"] == []
    [held] = facts["card"]["entitlements"]
    assert (held["kind"], held["endsAt"][-1]) == ("NOTES", "Z")
    text = json.dumps(told)
    for secret in (reader.email, "@", "+9198", reader.session_id, "Asha", "d" * 16, reader.refresh_token):
        assert secret not in text
    entries = [item for item in cloud.items() if item["kind"]["S"] == "AuditEntry"]
    [entry] = [one for one in entries if one["action"]["S"] == "access.explain"]
    assert (entry["resource_id"]["S"], entry["meta"]["M"]["reason"]["S"]) == (reader.id, "ALLOWED")
    assert "@" not in json.dumps(entry)


@pytest.mark.rule("ACC-10")
def test_only_who_reads_access_is_told(client: Client, people: People, cloud: Emulator) -> None:
    student = people.student()
    body = {"userId": student.id, "action": "notes.browse"}
    for role in ("ADMIN_SUPPORT", "ADMIN_CONTENT"):
        answer = client.post("/v1/admin/access/explain", json=body, token=people.admin(role).token, expect=403)
        assert answer.json["details"] == {"reason": "MISSING_PERMISSION", "permission": ["access.read"]}
    assert not [one for one in cloud.items() if one.get("action", {}).get("S") == "access.explain"]
