"""Entitlements that staff grant, revoke, list, have explained; cards that are rebuilt; what students see of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.commerce.subscriptions import repair_entitlements
from chalicelib.commerce.subscriptions.items import Entitlement
from chalicelib.content.taxonomy import Subject
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.commerce.selling import buy, card_of, make_note, make_plan
from tests.commerce.subscriptions.desk import REASON, Desk
from tests.commerce.subscriptions.test_me import access, renewed
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once, just_before

DAY = 86_400
UNKNOWN = "01J00000000000000000000001"
CONTENT_REFUSALS = ("NO_ENTITLEMENT", "ENTITLEMENT_EXPIRED", "ENTITLEMENT_OUT_OF_SCOPE")


@pytest.fixture
def desk(cloud: Emulator, client: Client, people: People) -> Desk:
    return Desk(cloud, client, people.super_admin(), people.student())


@pytest.fixture
def subject(desk: Desk) -> str:
    body = {"key": "polity", "name": "Polity"}
    return str(desk.client.post("/v1/admin/subjects", json=body, token=desk.staff.token, expect=201).json["id"])


def topic(desk: Desk, subject: str, name: str, **more: Any) -> str:
    body = {"name": name, **more}
    path = f"/v1/admin/subjects/{subject}/topics"
    return str(desk.client.post(path, json=body, token=desk.staff.token, expect=201).json["id"])


def explain(desk: Desk, **query: str) -> dict[str, Any]:
    answer = desk.get("entitlements/explain", **query)
    assert answer.status == 200, answer.body
    return dict(answer.json)


@pytest.mark.rule("ENT-04", "ENT-20", "ENT-21", "ENT-23")
@pytest.mark.parametrize("role", ["ADMIN_FINANCE", "ADMIN_SUPPORT"])
def test_a_grant_opens_from_the_next_request(desk: Desk, people: People, subject: str, role: str) -> None:
    note = make_note(subject)
    assert not access(desk.client, desk.student, noteId=note)["allowed"]
    desk.staff = people.admin(role)
    made = desk.grant("NOTES", scope={"subjectIds": [subject]})
    assert access(desk.client, desk.student, noteId=note)["allowed"]
    (item,) = desk.entitlements()
    assert (item.source, item.granted_by, item.reason) == ("MANUAL", desk.staff.id, REASON)
    assert item.ends_at - item.starts_at == timedelta(days=30)
    assert (made["status"], made["kind"], made["scope"]["subjectIds"]) == ("EFFECTIVE", "NOTES", [subject])
    assert desk.audited() == [("entitlement.grant", REASON)]
    # It survives whatever becomes of subscriptions, and taking it back touches nothing else.
    make_plan(desk.client, people.super_admin(), "month")
    effect = buy(desk.student, "month")
    desk.staff = people.super_admin()
    desk.cancel(effect.subscription_id)
    assert set(desk.entries()) == {item.id}
    assert access(desk.client, desk.student, noteId=note)["allowed"]


@pytest.mark.rule("ENT-04", "ENT-15", "ENT-22")
@pytest.mark.parametrize(
    ("body", "field", "issue"),
    [
        ({"kind": "ALL", "scope": {"subjectIds": [UNKNOWN]}}, "body.scope", "SCOPE_NOT_ALLOWED"),
        ({"kind": "TESTS", "scope": {"noteIds": [UNKNOWN]}}, "body.scope.noteIds", "SCOPE_NOT_ALLOWED"),
        ({"kind": "NOTES", "scope": {"testIds": [UNKNOWN]}}, "body.scope.testIds", "SCOPE_NOT_ALLOWED"),
        ({"kind": "NOTES", "scope": {"subjectIds": [UNKNOWN]}}, "body.scope.subjectIds[0]", "UNKNOWN_SUBJECT"),
        ({"kind": "NOTES", "scope": {"topicIds": [UNKNOWN]}}, "body.scope.topicIds[0]", "UNKNOWN_TOPIC"),
        ({"kind": "NOTES", "scope": {"noteIds": [UNKNOWN]}}, "body.scope.noteIds[0]", "UNKNOWN_NOTE"),
        ({"kind": "TESTS", "scope": {"testIds": [UNKNOWN]}}, "body.scope.testIds[0]", "UNKNOWN_TEST"),
        ({"kind": "NOTES", "scope": {"noteIds": [UNKNOWN] * 2}}, "body.scope.noteIds", "DUPLICATE"),
        ({"kind": "NOTES", "scope": {"noteIds": [UNKNOWN] * 201}}, "body.scope.noteIds", "TOO_LONG"),
        ({"kind": "ALL", "durationDays": 5, "endsAt": "2099-01-01T00:00:00Z"}, "body.endsAt", "ONE_OF"),
        ({"kind": "ALL", "endsAt": "2020-01-01T00:00:00Z"}, "body.endsAt", "BEFORE_START"),
        ({"kind": "ALL", "endsAt": "2099-01-01T00:00:00Z"}, "body.endsAt", "TOO_FAR"),
        ({"kind": "ALL", "startsAt": "9999-12-31T00:00:00Z"}, "body.startsAt", "TOO_FAR"),
        ({"kind": "ALL", "durationDays": 3651}, "body.durationDays", None),
        ({"kind": "COURSES"}, "body.kind", None),
    ],
)
def test_a_grant_that_makes_no_sense(desk: Desk, body: dict[str, Any], field: str, issue: str | None) -> None:
    before = desk.state()
    answer = desk.post("entitlements/grant", **body)
    assert (answer.status, answer.code) == (422, "VALIDATION_FAILED")
    found = {(one["field"], one["issue"]) for one in answer.json["details"]}
    assert any(one[0] == field and issue in (None, one[1]) for one in found), found
    assert desk.state() == before


@pytest.mark.rule("ENT-04", "ENT-19")
def test_a_key_grants_once_and_a_full_card_takes_no_more(
    desk: Desk, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A card of 3 KB already, where 4 fit.
    bans = {new_ulid(): clock.epoch() + DAY for _ in range(70)}
    desk.student = people.student(note_bans=bans)
    monkeypatch.setenv("CARD_MAX_BYTES", "4096")
    key = "scholarship-of-2026"
    first, second = (desk.post("entitlements/grant", key, kind="TESTS") for _ in range(2))
    assert first.json == second.json
    assert len(desk.entitlements()) == 1
    end = clock.iso(clock.now() + timedelta(days=5))
    made = at_once([lambda: desk.grant("NOTES", endsAt=end)["id"] for _ in range(3)])
    assert len(set(made)) == 3
    for number in range(20):
        before = desk.state()
        refused = desk.post("entitlements/grant", kind="PRACTICE", durationDays=10 + number)
        if refused.status != 201:
            break
    assert (refused.status, refused.code) == (409, "ACCESS_CARD_FULL")
    assert desk.state() == before
    # What was merged can be taken back alone: the others keep what they had.
    merged = next(one for one in desk.entries().values() if "of" in one)
    assert desk.revoke(made[0]).status == 200
    assert made[0] in merged["of"]
    assert not any(made[0] == name or made[0] in one.get("of", ()) for name, one in desk.entries().items())
    assert desk.rebuild()["different"] is False


@pytest.mark.rule("ENT-05", "ENT-20", "ENT-23")
def test_what_is_revoked_is_closed_on_the_next_request(desk: Desk, people: People, subject: str) -> None:
    note = make_note(subject)
    make_plan(desk.client, desk.staff, "both", grants=[{"kind": "NOTES"}, {"kind": "TESTS"}])
    effect = buy(desk.student, "both")
    manual = desk.grant("PRACTICE")
    notes, tests = effect.entitlement_ids
    other = Desk(desk.cloud, desk.client, desk.staff, people.student())
    before = desk.state()
    assert other.revoke(notes).code == "ENTITLEMENT_NOT_FOUND"
    assert desk.state() == before
    answer = desk.revoke(notes)
    assert (answer.status, answer.json["status"], answer.json["revokeReason"]) == (200, "REVOKED", REASON)
    refused = access(desk.client, desk.student, noteId=note)
    assert (refused["denyReason"], refused["hint"]) == ("NO_ENTITLEMENT", "REVOKED")
    assert set(desk.entries()) == {tests, manual["id"]}
    (held,) = desk.subscriptions()
    assert (held.status, held.ends_at) == ("ACTIVE", effect.ends_at)
    seen = desk.get("subscriptions").json
    assert seen["subscriptions"][0]["partiallyRevoked"] is True
    assert (seen["changes"][0]["change"], seen["changes"][0]["reason"]) == ("REVOKE", REASON)
    before = desk.state()
    assert desk.revoke(notes).json == answer.json
    assert desk.state() == before
    assert [name for name, _ in desk.audited()].count("entitlement.revoke") == 1
    # More of the plan gives back nothing that was taken away.
    buy(desk.student, "both")
    assert not access(desk.client, desk.student, noteId=note)["allowed"]
    assert desk.rebuild()["different"] is False
    desk.grant("NOTES", scope={"noteIds": [note]})
    assert access(desk.client, desk.student, noteId=note)["allowed"]


@pytest.mark.rule("ENT-01", "ENT-22")
def test_a_student_sees_what_is_open_by_name(desk: Desk, subject: str) -> None:
    note, chapter = make_note(subject), topic(desk, subject, "Preamble")
    gone = new_ulid()
    desk.grant("NOTES", scope={"subjectIds": [subject], "topicIds": [chapter], "noteIds": [note]}, durationDays=20)
    desk.grant("TESTS", durationDays=10)
    desk.grant("PRACTICE", startsAt=clock.iso(clock.now() + timedelta(days=1)))
    path = AccessCard.entitlements[next(iter(desk.entries()))]["subjectIds"]
    store.update(AccessCard, AccessCard.place(desk.student.id), [path.set([subject, gone])])
    items = desk.client.get("/v1/me/entitlements", token=desk.student.token, expect=200).json["items"]
    assert [one["kind"] for one in items] == ["NOTES", "TESTS"]
    assert items[0]["scope"] == {
        "subjects": [{"id": subject, "name": "Polity"}, {"id": gone, "name": None}],
        "topics": [{"id": chapter, "name": "Preamble"}],
        "notes": [{"id": note, "name": "The Preamble"}],
        "tests": [],
    }
    # Gone or not, the rest of the card goes on opening.
    store.update(Subject, Subject.place(subject), [Subject.is_active.set(False)])
    assert desk.client.get("/v1/me/entitlements", token=desk.student.token, expect=200).json["items"] == items


@pytest.mark.rule("ENT-03")
def test_staff_see_where_entitlements_come_from(desk: Desk, people: People) -> None:
    make_plan(desk.client, desk.staff, "month")
    effect = buy(desk.student, "month")
    made = desk.grant("TESTS")
    revoked = desk.grant("PRACTICE")
    desk.revoke(revoked["id"])
    short = desk.grant("NOTES", durationDays=1)
    desk.cloud.advance(2 * DAY)
    desk.staff = people.admin("ADMIN_SUPPORT")
    items = desk.get("entitlements").json["items"]
    assert [one["id"] for one in items] == [made["id"], *effect.entitlement_ids]
    assert (items[0]["source"], items[0]["grantedByName"], items[0]["reason"]) == ("MANUAL", "Person 1", REASON)
    assert (items[1]["source"], items[1]["subscriptionId"]) == ("SUBSCRIPTION", effect.subscription_id)
    every = desk.get("entitlements", includeEnded="true").json["items"]
    assert [(one["id"], one["status"]) for one in every] == [
        (short["id"], "ENDED"),
        (revoked["id"], "REVOKED"),
        (made["id"], "EFFECTIVE"),
        (effect.entitlement_ids[0], "EFFECTIVE"),
    ]


@pytest.mark.rule("ENT-06", "ENT-17")
def test_why_a_note_is_open_or_not(desk: Desk, people: People, subject: str) -> None:
    note, other = make_note(subject), new_ulid()
    elsewhere = desk.client.post(
        "/v1/admin/subjects", json={"key": "economy", "name": "Economy"}, token=desk.staff.token, expect=201
    ).json["id"]
    desk.grant("TESTS")
    desk.grant("NOTES", scope={"subjectIds": [elsewhere]})
    revoked = desk.grant("ALL")
    desk.revoke(revoked["id"])
    support = Desk(desk.cloud, desk.client, people.admin("ADMIN_SUPPORT"), desk.student)
    before = desk.state()
    answer = explain(support, noteId=note)
    assert desk.state() == before
    assert (answer["allowed"], answer["denyReason"], answer["hint"]) == (False, "ENTITLEMENT_OUT_OF_SCOPE", "REVOKED")
    assert [(one["kind"], one["covers"], one["because"]) for one in answer["entitlements"]] == [
        ("ALL", False, "REVOKED"),
        ("NOTES", False, "OTHER_SCOPE"),
        ("TESTS", False, "OTHER_KIND"),
    ]
    later = desk.grant("NOTES", startsAt=clock.iso(clock.now() + timedelta(days=1)))
    answer = explain(support, noteId=note)
    assert (answer["hint"], answer["startsAt"]) == ("UPCOMING", later["startsAt"])
    assert answer["entitlements"][0]["because"] == "NOT_STARTED"
    desk.grant("NOTES", scope={"noteIds": [note]})
    answer = explain(support, noteId=note)
    assert (answer["allowed"], answer["denyReason"], answer["hint"]) == (True, "ALLOWED", None)
    assert answer["policies"] == ["open-entitled-note"]
    assert [one["because"] for one in answer["entitlements"] if one["covers"]] == ["COVERS_NOTE"]
    assert explain(support, noteId=make_note(subject, published=False))["denyReason"] == "NOT_PUBLISHED"
    for query, code in (({"noteId": other}, "NOTE_NOT_FOUND"), ({"testId": other}, "TEST_NOT_FOUND")):
        assert support.get("entitlements/explain", **query).code == code
    assert support.get("entitlements/explain").status == 422


@pytest.mark.rule("ENT-06", "ENT-14")
def test_why_practice_is_open_or_not(desk: Desk, subject: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = explain(desk, feature="practice")
    assert (answer["allowed"], answer["denyReason"], answer["hint"]) == (False, "NO_ENTITLEMENT", "NEVER_HAD")
    desk.grant("TESTS", scope={"subjectIds": [subject]})
    answer = explain(desk, feature="practice")
    assert (answer["allowed"], answer["policies"]) == (True, ["use-practice"])
    assert [one["because"] for one in answer["entitlements"]] == ["COVERS_KIND"]
    monkeypatch.setenv("PRACTICE_WITH_TESTS", "false")
    answer = explain(desk, feature="practice")
    assert (answer["allowed"], answer["hint"], answer["policies"]) == (False, "OTHER_KIND", [])


@pytest.mark.rule("ENT-17")
def test_hints_of_the_proof(desk: Desk, subject: str) -> None:
    """NOTES of subject A only: a note of B is out of scope; tests give another kind."""
    other = desk.client.post(
        "/v1/admin/subjects", json={"key": "economy", "name": "Economy"}, token=desk.staff.token, expect=201
    ).json["id"]
    desk.grant("NOTES", scope={"subjectIds": [subject]})
    assert access(desk.client, desk.student, noteId=make_note(subject))["allowed"]
    refused = access(desk.client, desk.student, noteId=make_note(other))
    assert (refused["denyReason"], refused["hint"]) == ("ENTITLEMENT_OUT_OF_SCOPE", "OTHER_SCOPE")
    refused = access(desk.client, desk.student, feature="practice")
    assert (refused["denyReason"], refused["hint"]) == ("NO_ENTITLEMENT", "OTHER_KIND")


def _spoil(desk: Desk, kept: str, revoked: str) -> None:
    """A card that lacks one entitlement, has one that is gone, and one with another time; a family with other times."""
    wrong = {"kind": "ALL", "subjectIds": [], "topicIds": [], "noteIds": [], "testIds": []}
    now = clock.epoch()
    card = AccessCard
    store.update(
        card,
        card.place(desk.student.id),
        [
            card.entitlements[kept].remove(),
            card.entitlements[revoked].set({**wrong, "startsAt": now, "endsAt": now + DAY}),
            card.subscriptions["month"]["periods"].set([]),
        ],
    )


@pytest.mark.rule("ENT-07", "SUB-14", "ENT-23")
def test_a_spoilt_card_is_rebuilt_once(desk: Desk, subject: str) -> None:
    make_plan(desk.client, desk.staff, "month", grants=[{"kind": "NOTES", "scope": {"subjectIds": [subject]}}])
    effect = buy(desk.student, "month")
    revoked = desk.grant("TESTS")["id"]
    desk.revoke(revoked)
    right = card_of(desk.student).to_simple_dict()
    assert desk.rebuild() == {
        "differences": {"lacking": [], "surplus": [], "wider": [], "families": []},
        "different": False,
        "applied": False,
    }
    _spoil(desk, effect.entitlement_ids[0], revoked)
    before = desk.state()
    told = desk.rebuild()
    assert (told["different"], told["applied"]) == (True, False)
    assert told["differences"] == {
        "lacking": [effect.entitlement_ids[0]],
        "surplus": [revoked],
        "wider": [],
        "families": ["month"],
    }
    assert desk.state() == before
    assert desk.rebuild(dry_run=False)["applied"] is True
    assert desk.rebuild(dry_run=False) == desk.rebuild()
    again = card_of(desk.student).to_simple_dict()
    assert again["entitlements"] == right["entitlements"]
    assert again["subscriptions"]["month"]["periods"] == right["subscriptions"]["month"]["periods"]
    assert [name for name, _ in desk.audited()].count("accesscard.rebuild") == 1
    # Wider than was granted, by nobody's leave: made as narrow as it is.
    path = AccessCard.entitlements[effect.entitlement_ids[0]]["subjectIds"]
    store.update(AccessCard, AccessCard.place(desk.student.id), [path.set([])])
    assert desk.rebuild(dry_run=False)["differences"]["wider"] == list(effect.entitlement_ids)
    assert card_of(desk.student).to_simple_dict()["entitlements"] == right["entitlements"]


@pytest.mark.rule("SUB-14", "ENT-07")
def test_the_night_repairs_periods_and_never_gives_back_what_is_revoked_meanwhile(desk: Desk) -> None:
    make_plan(desk.client, desk.staff, "month")
    effect = buy(desk.student, "month")
    manual = desk.grant("NOTES")["id"]
    _spoil(desk, manual, new_ulid())
    card = card_of(desk.student)
    gone = [Entitlement.revoked_at.set(clock.now())]
    place = Entitlement.place(desk.student.id, manual)
    with just_before("TransactWriteItems", lambda: store.update(Entitlement, place, gone)):
        assert repair_entitlements(card) is False
    assert manual not in desk.entries()
    assert repair_entitlements(card_of(desk.student)) is True
    assert set(desk.entries()) == set(effect.entitlement_ids)
    assert [one[0] for one in desk.periods()] == [effect.subscription_id]
    assert repair_entitlements(card_of(desk.student)) is False


@pytest.mark.rule("SUB-33", "ENT-10")
def test_the_time_of_a_blocked_account_goes_on(desk: Desk, people: People, subject: str) -> None:
    note = make_note(subject)
    made = desk.grant("NOTES", durationDays=2)
    status = {"status": "BLOCKED", "reason": "Shares the account"}
    path = f"/v1/admin/users/{desk.student.id}/status"
    desk.client.call("PATCH", path, json=status, token=desk.staff.token, expect=200)
    assert desk.client.get("/v1/me/entitlements", token=desk.student.token).code == "ACCOUNT_BLOCKED"
    desk.cloud.advance(DAY)
    boss = people.super_admin()
    desk.client.call("PATCH", path, json={**status, "status": "ACTIVE"}, token=boss.token, expect=200)
    (item,) = desk.entitlements()
    assert clock.iso(item.ends_at) == made["endsAt"]
    assert desk.entries()[made["id"]]["endsAt"] == int(item.ends_at.timestamp())
    assert explain(Desk(desk.cloud, desk.client, boss, desk.student), noteId=note)["allowed"]
    assert renewed(people, desk.student).id == desk.student.id


@pytest.mark.rule("ENT-19", "ENT-21")
def test_a_card_with_sets_is_weighed_too(desk: Desk, people: People) -> None:
    student = people.student(grants={"docs.read"}, denies={"users.read"})
    own = Desk(desk.cloud, desk.client, desk.staff, student)
    made = own.grant("ALL")
    assert set(own.entries()) == {made["id"]}
