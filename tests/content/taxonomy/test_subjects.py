"""Subjects through their functions."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content.taxonomy.items import SubjectCount, folded
from chalicelib.platform import store
from tests.content.desk import Desk
from tests.content.taxonomy.syllabus import kinds
from tests.support.people import People
from tests.support.races import at_once, round_trips

ADMIN = "/v1/admin/subjects"


@pytest.mark.rule("TAX-01")
def test_a_subject_is_created_with_its_key_and_an_audit_entry(desk: Desk) -> None:
    answer = desk.post(ADMIN, {"key": "polity", "name": " Indian  Polity ", "description": "Line one\nline two"}, 201)
    made = answer.json
    assert (made["key"], made["name"], made["description"]) == ("polity", "Indian  Polity", "Line one\nline two")
    assert (made["orderIndex"], made["isActive"], made["topicCount"], made["version"]) == (10, True, 0, 1)
    assert answer.headers["location"] == f"{ADMIN}/{made['id']}"
    assert answer.headers["etag"] == '"v1"'
    (entry,) = kinds(desk.cloud, "AuditEntry")
    assert entry["action"]["S"] == "subject.create"
    assert entry["resource_id"]["S"] == made["id"]
    assert entry["actor_user_id"]["S"] == desk.editor.id


@pytest.mark.rule("TAX-01")
def test_without_an_order_index_it_comes_after_the_last_one(desk: Desk) -> None:
    desk.subject(orderIndex=45)
    assert desk.subject()["orderIndex"] == 55
    desk.subject(orderIndex=999_999)
    assert desk.subject()["orderIndex"] == 999_999


@pytest.mark.rule("TAX-01")
def test_of_two_creations_with_one_key_at_once_one_succeeds(desk: Desk) -> None:
    body = {"key": "history", "name": "History", "orderIndex": 10}
    answers = at_once([partial(desk.post, ADMIN, body)] * 2)
    assert sorted(answer.status for answer in answers) == [201, 409]
    assert [answer.code for answer in answers if answer.status == 409] == ["SUBJECT_KEY_TAKEN"]
    assert len(kinds(desk.cloud, "Subject")) == len(kinds(desk.cloud, "SubjectKey")) == 1
    assert len(kinds(desk.cloud, "AuditEntry")) == 1


@pytest.mark.rule("TAX-01")
def test_there_are_at_most_200_subjects(desk: Desk) -> None:
    desk.subject()
    store.update(SubjectCount, SubjectCount.place(), [SubjectCount.number.set(199)])
    bodies = [{"key": f"late-{number}", "name": "Late", "orderIndex": 1} for number in range(3)]
    answers = at_once([partial(desk.post, ADMIN, body) for body in bodies])
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    assert {answer.code for answer in answers if answer.status == 409} == {"TOO_MANY_SUBJECTS"}
    assert len(kinds(desk.cloud, "Subject")) == 2


@pytest.mark.rule("TAX-01")
def test_a_repeated_creation_with_an_idempotency_key_creates_once(desk: Desk) -> None:
    headers = {"Idempotency-Key": "0123456789abcdef"}
    first = desk.post(ADMIN, {"key": "art", "name": "Art"}, 201, headers=headers)
    second = desk.post(ADMIN, {"key": "art", "name": "Art"}, 201, headers=headers)
    assert first.json == second.json
    assert len(kinds(desk.cloud, "Subject")) == 1


@pytest.mark.rule("TAX-30")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("key", "Polity"),
        ("key", "-polity"),
        ("key", "p" * 49),
        ("key", "पाठ"),
        ("name", ""),
        ("name", "n" * 121),
        ("name", "a\u202eb"),
        ("description", "d" * 2_001),
        ("orderIndex", -1),
        ("orderIndex", 1_000_000),
        ("orderIndex", "5"),
        ("isActive", "yes"),
        ("colour", "red"),
    ],
)
def test_what_breaks_a_rule_is_named(desk: Desk, member: str, value: object) -> None:
    answer = desk.post(ADMIN, {"key": "ok", "name": "Fine", member: value}, 422)
    assert list(answer.issues) == [f"body.{member}"]
    assert kinds(desk.cloud, "Subject", "AuditEntry") == []


@pytest.mark.rule("TAX-30")
def test_the_longest_of_everything_is_taken_in_any_script(desk: Desk) -> None:
    body = {"key": "a" * 48, "name": "भारतीय राजव्यवस्था", "description": "d" * 2_000, "orderIndex": 999_999}
    assert desk.post(ADMIN, body, 201).json["name"] == "भारतीय राजव्यवस्था"


@pytest.mark.rule("FILE-40")
def test_an_icon_that_is_no_confirmed_image_is_refused(desk: Desk) -> None:
    pdf_file = desk.file()
    before = len(kinds(desk.cloud, "Subject", "AuditEntry", "AssetReference"))
    for asset_id in (pdf_file, "01M7W40Q13T1PHW4JDV27B5ZA4"):
        answer = desk.post(ADMIN, {"key": "art", "name": "Art", "iconAssetId": asset_id}, 422)
        assert (answer.code, list(answer.issues)) == ("ASSET_UNUSABLE", ["body.iconAssetId"])
    assert len(kinds(desk.cloud, "Subject", "AuditEntry", "AssetReference")) == before


@pytest.mark.rule("TAX-02")
def test_only_what_is_named_changes(desk: Desk) -> None:
    made = desk.subject(description="old")
    place = f"{ADMIN}/{made['id']}"
    changed = desk.client.patch(place, json={"name": "New", "description": None}, token=desk.editor.token, expect=200)
    assert changed.headers["etag"] == '"v2"'
    same = ("id", "key", "orderIndex", "isActive", "createdAt")
    assert {name: changed.json[name] for name in same} == {name: made[name] for name in same}
    assert (changed.json["name"], changed.json["description"]) == ("New", None)
    again = desk.client.patch(place, json={"name": "New"}, token=desk.editor.token, expect=200)
    assert again.json["version"] == 2
    entries = [one for one in kinds(desk.cloud, "AuditEntry") if one["action"]["S"] == "subject.update"]
    assert len(entries) == 1


@pytest.mark.rule("TAX-02")
def test_another_key_frees_the_old_one(desk: Desk) -> None:
    first, second = desk.subject(key="one"), desk.subject(key="two")
    token = desk.editor.token
    taken = desk.client.patch(f"{ADMIN}/{first['id']}", json={"key": "two"}, token=token, expect=409)
    assert taken.code == "SUBJECT_KEY_TAKEN"
    desk.client.patch(f"{ADMIN}/{first['id']}", json={"key": "three"}, token=token, expect=200)
    desk.client.patch(f"{ADMIN}/{second['id']}", json={"key": "one"}, token=token, expect=200)
    claims = {one["pk"]["S"]: one["subject_id"]["S"] for one in kinds(desk.cloud, "SubjectKey")}
    assert claims == {"SUBJECTKEY#three": first["id"], "SUBJECTKEY#one": second["id"]}


@pytest.mark.rule("TAX-02", "HTTP-19")
def test_of_two_changes_of_one_version_one_is_refused(desk: Desk) -> None:
    place = f"{ADMIN}/{desk.subject()['id']}"
    change = partial(desk.client.patch, place, token=desk.editor.token, headers={"If-Match": '"v1"'})
    answers = at_once([partial(change, json={"name": name}) for name in ("One", "Two")])
    assert sorted(answer.status for answer in answers) == [200, 412]
    (refused,) = [answer for answer in answers if answer.status == 412]
    assert (refused.code, refused.json["details"]) == ("VERSION_MISMATCH", {"version": 2})
    (stored,) = kinds(desk.cloud, "Subject")
    assert stored["version"]["N"] == "2"


@pytest.mark.rule("TAX-02", "HTTP-19")
def test_changes_of_different_members_at_once_both_stay(desk: Desk) -> None:
    place = f"{ADMIN}/{desk.subject()['id']}"
    change = partial(desk.client.patch, place, token=desk.editor.token)
    bodies: list[dict[str, Any]] = [{"name": "Named"}, {"orderIndex": 77}, {"description": "Described"}]
    assert {answer.status for answer in at_once([partial(change, json=body) for body in bodies])} == {200}
    (listed,) = desk.client.get(ADMIN, token=desk.editor.token).json["items"]
    assert (listed["name"], listed["orderIndex"], listed["description"]) == ("Named", 77, "Described")
    assert listed["version"] == 4


@pytest.mark.rule("TAX-02")
def test_what_is_not_there_is_404(desk: Desk) -> None:
    for subject_id in ("01M7W40Q13T1PHW4JDV27B5ZA4", "nonsense"):
        answer = desk.client.patch(f"{ADMIN}/{subject_id}", json={"name": "New"}, token=desk.editor.token, expect=404)
        assert answer.code == "SUBJECT_NOT_FOUND"
    desk.client.patch(f"{ADMIN}/{desk.subject()['id']}", json={"name": None}, token=desk.editor.token, expect=422)


@pytest.mark.rule("TAX-03")
def test_staff_page_through_subjects_in_their_order(desk: Desk, people: People) -> None:
    for order, name in ((30, "C"), (10, "B"), (10, "a"), (20, "D")):
        desk.subject(orderIndex=order, name=name, isActive=name != "D")
    reader = people.admin("ADMIN_TEST")
    names, cursor = [], None
    while True:
        query = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        page = desk.client.get(ADMIN, token=reader.token, query=query, expect=200).json
        names += [one["name"] for one in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert names == ["a", "B", "D", "C"]
    for active, expected in (("true", ["a", "B", "C"]), ("false", ["D"])):
        found = desk.client.get(ADMIN, token=reader.token, query={"active": active}).json["items"]
        assert [one["name"] for one in found] == expected
    stolen = desk.client.get(ADMIN, token=reader.token, query={"limit": 1}).json["nextCursor"]
    assert (
        desk.client.get(ADMIN, token=desk.editor.token, query={"cursor": stolen}, expect=400).code == "CURSOR_INVALID"
    )


@pytest.mark.rule("TAX-10")
def test_students_see_the_active_ones_in_one_query(desk: Desk) -> None:
    desk.subject(name="Second", orderIndex=20, description="Text")
    desk.subject(name="First", orderIndex=10)
    desk.subject(name="Hidden", isActive=False)
    student = desk.student()
    desk.cloud.calls.clear()
    answer = desk.client.get("/v1/subjects", token=student.token, expect=200)
    assert round_trips(list(desk.cloud.calls)) == 2
    assert [one["name"] for one in answer.json["items"]] == ["First", "Second"]
    assert set(answer.json["items"][0]) == {"id", "key", "name", "description", "iconAssetId", "orderIndex"}
    assert answer.headers["cache-control"] == "private, max-age=60"


@pytest.mark.rule("TAX-10")
def test_what_did_not_change_is_304(desk: Desk) -> None:
    made, student = desk.subject(), desk.student()
    etag = desk.client.get("/v1/subjects", token=student.token).headers["etag"]
    for given in (etag, f'W/{etag}, "other"', "*"):
        again = desk.client.get("/v1/subjects", token=student.token, headers={"If-None-Match": given}, expect=304)
        assert (again.body, again.headers["etag"]) == (b"", etag)
    desk.client.patch(f"{ADMIN}/{made['id']}", json={"name": "Other"}, token=desk.editor.token, expect=200)
    fresh = desk.client.get("/v1/subjects", token=student.token, headers={"If-None-Match": etag}, expect=200)
    assert fresh.headers["etag"] != etag


@pytest.mark.rule("TAX-10")
def test_the_syllabus_can_be_public(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.subject()
    assert desk.client.get("/v1/subjects", expect=401).code == "TOKEN_MISSING"
    monkeypatch.setenv("TAXONOMY_PUBLIC", "true")
    answer = desk.client.get("/v1/subjects", expect=200)
    assert len(answer.json["items"]) == 1
    assert answer.headers["cache-control"] == "public, max-age=300"


@pytest.mark.rule("TAX-02", "TAX-03")
def test_only_content_managers_change_the_syllabus(desk: Desk, people: People) -> None:
    made = desk.subject()
    for person in (people.student(), people.admin("ADMIN_TEST"), people.admin("ADMIN_FINANCE")):
        desk.client.post(ADMIN, json={"nonsense": 1}, token=person.token, expect=403)
        desk.client.patch(f"{ADMIN}/{made['id']}", json={"name": "X"}, token=person.token, expect=403)
    desk.client.get(ADMIN, token=people.student().token, expect=403)
    assert len(kinds(desk.cloud, "Subject")) == 1


@pytest.mark.rule("TAX-02")
def test_the_notes_of_a_deactivated_subject_are_gone_until_it_is_active_again(desk: Desk) -> None:
    subject = desk.subject()
    note, draft, student = desk.note(subject=subject), desk.draft(subject=subject), desk.student()
    place = f"{ADMIN}/{subject['id']}"
    desk.client.patch(place, json={"isActive": False, "name": "Renamed"}, token=desk.editor.token, expect=200)
    desk.cloud.drain()
    assert desk.client.get("/v1/notes", token=student.token).json["items"] == []
    desk.client.get(f"/v1/notes/{note['id']}", token=student.token, expect=404)
    assert desk.open(note, student).code == "NOTE_NOT_FOUND"
    refused = desk.post(f"/v1/admin/notes/{draft['id']}/publish", expect=422)
    assert (refused.code, refused.json["details"]) == ("NOTE_INCOMPLETE", {"missing": ["ACTIVE_SUBJECT"]})
    desk.client.patch(place, json={"isActive": True}, token=desk.editor.token, expect=200)
    desk.cloud.drain()
    (listed,) = desk.client.get("/v1/notes", token=student.token).json["items"]
    assert listed["id"] == note["id"]
    shown = desk.client.get(f"/v1/notes/{note['id']}", token=student.token, expect=200).json
    assert shown["subject"]["name"] == "Renamed"


@pytest.mark.parametrize(("name", "expected"), [("Économie", "economie"), ("ÅB", "ab"), ("हिन्दी", "हिन्दी")])
def test_folding_takes_accents_and_leaves_vowel_signs(name: str, expected: str) -> None:
    assert folded(name) == expected
