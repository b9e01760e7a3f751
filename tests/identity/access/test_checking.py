"""The nightly look at access cards (ACC-22), and roles that have ended (ACC-73)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.identity.accounts import User
from chalicelib.identity.roles import RoleHolder
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from tests.commerce.selling import capture, make_plan, sold
from tests.identity.access.staff import Office, card_of, holders_of, role_of, seed_holders
from tests.support.races import just_before

NOTHING = {"ended": 0, "repaired": 0, "missing": 0}


def _night(office: Office) -> dict[str, int]:
    outcome = office.cloud.invoke("check_cards")
    assert outcome.error is None, outcome.error
    return dict(outcome.answer)


def _spoil(user_id: str, *actions: Any) -> None:
    store.update(AccessCard, AccessCard.place(user_id), list(actions))


@pytest.mark.rule("ACC-22", "ACC-60")
def test_cards_that_are_right_stay_as_they_are(office: Office) -> None:
    office.staff("ADMIN_TEST", "ADMIN_SUPPORT")
    office.people.admin("CENTRE_OWNER")
    student = office.people.student()
    plan = make_plan(office.client, office.staff("ADMIN_FINANCE"), "month").json
    capture(student, [sold(student, plan["key"])])
    # Made without its holder's item: brought into order first.
    assert _night(office)["repaired"] == 1
    before = [item for item in office.cloud.items() if item["kind"]["S"] != "CardCheck"]
    assert _night(office) == {**NOTHING, "checked": 5}
    assert [item for item in office.cloud.items() if item["kind"]["S"] != "CardCheck"] == before


@pytest.mark.rule("ACC-22")
def test_drift_is_repaired_kept_and_alarmed(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    office.staff("INSTRUCTOR")
    fewer, more, roles, student = (
        office.staff("ADMIN_TEST"),
        office.staff("ADMIN_SUPPORT"),
        office.staff("INSTRUCTOR"),
        office.people.student(),
    )
    due = {person.id: {str(name) for name in card_of(person.id).permissions or ()} for person in (fewer, more, roles)}
    _spoil(fewer.id, AccessCard.permissions.remove())
    _spoil(more.id, AccessCard.permissions.set(due[more.id] | {"payments.refund"}))
    _spoil(roles.id, AccessCard.role_keys.set(["ADMIN_SUPER"]))
    _spoil(student.id, AccessCard.permissions.set({"users.read"}), AccessCard.grants.set({"users.read"}))
    assert _night(office) == {**NOTHING, "checked": 6, "repaired": 4}
    for person in (fewer, more, roles):
        assert {str(name) for name in card_of(person.id).permissions or ()} == due[person.id]
    assert list(card_of(roles.id).role_keys) == ["INSTRUCTOR"]
    assert not card_of(student.id).permissions
    assert not card_of(student.id).grants
    entries = {entry["resource_id"]: entry for entry in office.audited() if entry["action"] == "user.card_repaired"}
    assert set(entries) == {fewer.id, more.id, roles.id, student.id}
    assert entries[more.id]["meta"] == {"changed": {}, "added": [], "removed": ["payments.refund"]}
    assert entries[roles.id]["meta"]["changed"] == {"roleKeys": [["ADMIN_SUPER"], ["INSTRUCTOR"]]}
    assert sum("drifted" in record.getMessage() for record in caplog.records) == 4
    assert _night(office) == {**NOTHING, "checked": 6}


@pytest.mark.rule("ACC-22")
def test_whoever_changes_roles_at_night_is_not_taken_for_drift(office: Office) -> None:
    person = office.staff("ADMIN_TEST")
    _spoil(person.id, AccessCard.permissions.remove())

    def assign() -> None:
        assert office.assign(office.boss, person.id, "ADMIN_SUPPORT").status == 200

    with just_before("TransactWriteItems", assign):
        assert _night(office)["repaired"] == 0
    assert list(card_of(person.id).role_keys) == ["ADMIN_SUPPORT"]
    assert set(card_of(person.id).permissions) == set(role_of("ADMIN_SUPPORT").permissions)


@pytest.mark.rule("ACC-22")
def test_an_account_without_a_card_is_told_of(office: Office) -> None:
    person = office.staff("ADMIN_TEST")
    store.delete(AccessCard, AccessCard.place(person.id))
    assert _night(office) == {**NOTHING, "checked": 2, "missing": 1}


@pytest.mark.rule("ACC-22")
def test_students_take_turns(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CARD_CHECK_STUDENTS", "2")
    students = [office.people.student() for _ in range(5)]
    for student in students:
        _spoil(student.id, AccessCard.permissions.set({"users.read"}))
    assert [_night(office)["repaired"] for _ in range(3)] == [2, 2, 1]
    check = next(item for item in office.cloud.items() if item["kind"]["S"] == "CardCheck")
    assert json.loads(check["total"]["N"]) == 5
    assert all(card_of(student.id).permissions is None for student in students)
    assert _night(office)["repaired"] == 0


@pytest.mark.rule("ACC-22", "ACC-71")
def test_entitlements_are_compared_too(office: Office) -> None:
    student, other = office.people.student(), office.people.student()
    finance = office.staff("ADMIN_FINANCE")
    plan = make_plan(office.client, finance, "month").json
    for person in (student, other):
        capture(person, [sold(person, plan["key"])])
    right = card_of(student.id).entitlements.as_dict()
    now = clock.epoch()
    forged = {"kind": "ALL", "startsAt": now - 1, "endsAt": now + 999, "noteIds": []}
    _spoil(student.id, AccessCard.entitlements.set({}))
    [own] = card_of(other.id).entitlements.as_dict()
    _spoil(other.id, AccessCard.entitlements["FORGED"].set(forged), AccessCard.entitlements[own]["endsAt"].set(now + 5))
    assert _night(office)["repaired"] == 2
    assert card_of(student.id).entitlements.as_dict() == right
    restored = card_of(other.id).entitlements.as_dict()
    assert list(restored) == [own]
    assert restored[own]["endsAt"] > now + 86_400
    assert [entry["action"] for entry in office.audited()].count("entitlement.repair") == 2
    assert _night(office)["repaired"] == 0


@pytest.mark.rule("ACC-73", "ACC-22")
def test_a_role_that_has_ended_leaves_its_holder(office: Office) -> None:
    person = office.staff("INSTRUCTOR")
    end = clock.iso(clock.now() + timedelta(seconds=60))
    later = clock.iso(clock.now() + timedelta(days=60))
    times = {"ADMIN_TEST": end, "ADMIN_SUPPORT": later}
    keys = ("INSTRUCTOR", "ADMIN_TEST", "ADMIN_SUPPORT")
    assert office.assign(office.boss, person.id, *keys, expiresAt=times).status == 200
    assert _night(office) == {**NOTHING, "checked": 2}
    office.cloud.advance(61)
    assert _night(office) == {**NOTHING, "checked": 2, "ended": 1}
    assert list(card_of(person.id).role_keys) == ["INSTRUCTOR", "ADMIN_SUPPORT"]
    assert list(card_of(person.id).timed_roles.as_dict()) == ["ADMIN_SUPPORT"]
    assert holders_of("ADMIN_TEST") == []
    assert office.numbers("ADMIN_TEST") == (0, 0, 0)
    row = store.get(User, User.place(person.id)).row  # type: ignore[union-attr]
    assert list(row["roleKeys"]) == ["INSTRUCTOR", "ADMIN_SUPPORT"]
    entry = office.audited()[-1]
    assert (entry["action"], entry["actor_kind"], entry["reason"]) == (
        "user.roles_changed",
        "SYSTEM",
        "The role's time is over",
    )
    # Given for longer, it is looked for at its new end only.
    assert office.assign(office.boss, person.id, "INSTRUCTOR", "ADMIN_SUPPORT").status == 200
    holder = store.get(RoleHolder, RoleHolder.place("ADMIN_SUPPORT", person.id))
    assert holder is not None
    assert not holder.ends_at
    assert not holder.gsi1pk


@pytest.mark.rule("ACC-22")
def test_a_night_reads_pages_not_people(office: Office) -> None:
    seed_holders("ADMIN_TEST", 150)
    with office.cloud.calls.during() as calls:
        assert _night(office) == {**NOTHING, "checked": 151}
    assert len([call for call in calls if call.service == "dynamodb"]) < 60
