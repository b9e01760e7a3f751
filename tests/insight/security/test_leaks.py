"""Leak cases: from fragments to people, what was done, and what is kept for them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content.files import AssetReference, FileAsset
from chalicelib.content.shield import LogHold
from chalicelib.insight.security.leaks import MAX_ACTIONS
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.ids import new_ulid
from tests.content.desk import Desk
from tests.insight.security.test_bans import entries, fresh
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once

CASES = "/v1/admin/security/leak-cases"
TITLE = {"title": "Fundamental Rights in a channel"}


class Office:
    """A desk of the security staff, with two readers of one note."""

    def __init__(self, desk: Desk, guard: Person) -> None:
        self.desk, self.guard = desk, guard
        self.note = desk.note(title="Fundamental Rights")["id"]
        self.asha, self.ravi = desk.student(), desk.student()
        self.codes = [self._code(person) for person in (self.asha, self.ravi, self.asha)]

    def _code(self, person: Person) -> str:
        opened = self.desk.open({"id": self.note}, person, json={"acceptNotice": 1}, expect=201).json
        self.desk.cloud.advance(1)
        return str(opened["watermark"]["traceCode"])

    def post(self, body: dict[str, Any], **more: Any) -> Response:
        return self.desk.client.post(CASES, json=body, token=fresh(self.desk, self.guard), **more)

    def patch(self, case: dict[str, Any], body: dict[str, Any], **more: Any) -> Response:
        path = f"{CASES}/{case['id']}"
        return self.desk.client.patch(path, json=body, token=fresh(self.desk, self.guard), **more)

    def get(self, case: dict[str, Any]) -> dict[str, Any]:
        path = f"{CASES}/{case['id']}"
        return dict(self.desk.client.get(path, token=fresh(self.desk, self.guard), expect=200).json)

    def evidence(self, status: str = "CONFIRMED") -> str:
        """A screenshot that was uploaded."""
        own_id = new_ulid()
        item = FileAsset(
            *FileAsset.place(own_id),
            id=own_id,
            purpose="EVIDENCE_IMAGE",
            status=status,
            object_key="evidence/1.png",
            file_name="1.png",
            content_type="image/png",
            size_bytes=9,
            created_by_user_id=self.guard.id,
            created_at=clock.now(),
            row={"references": 0},
        )
        store.put(item)
        return own_id

    def references(self, asset_id: str) -> int:
        asset = store.get(FileAsset, FileAsset.place(asset_id))
        assert asset is not None
        return int(asset.references)

    def held(self) -> set[str]:
        """Whose lines of the log are kept."""
        return {str(one.user_id) for person in (self.asha, self.ravi) for one in store.every(LogHold.of(person.id))}


@pytest.fixture
def office(desk: Desk, guard: Person) -> Office:
    return Office(desk, guard)


@pytest.mark.rule("SHIELD-22")
def test_fragments_lead_to_candidates_whom_most_fit_first(office: Office) -> None:
    fragments = [office.codes[0][:9], office.codes[1][:6], office.codes[2][:7] + "??"]
    shot = office.evidence()
    body = {
        **TITLE,
        "sourceUrl": "https://example.com/post/1",
        "noteId": office.note,
        "fragments": fragments,
        "evidenceAssetIds": [shot],
        "notes": "Reported by a teacher",
    }
    made = office.post(body, expect=201)
    case = made.json
    assert made.headers["location"] == f"{CASES}/{case['id']}"
    assert made.headers["etag"] == '"v1"'
    found = [(one["userId"], one["traceCode"], one["matched"]) for one in case["candidates"]]
    kept = [fragment.replace("-", "") for fragment in fragments]
    assert found == [
        (office.asha.id, office.codes[2], [kept[2]]),
        (office.asha.id, office.codes[0], [kept[0]]),
        (office.ravi.id, office.codes[1], [kept[1]]),
    ]
    assert {(one["userName"], one["noteTitle"]) for one in case["candidates"]} == {("Asha Verma", "Fundamental Rights")}
    assert (case["status"], case["noteTitle"], case["fragments"]) == ("OPEN", "Fundamental Rights", kept)
    assert office.get(case) == case
    assert office.references(shot) == 1
    assert store.get(AssetReference, AssetReference.place(shot, "LEAK", case["id"])) is not None
    assert office.held() == {office.asha.id, office.ravi.id}
    (told,) = entries(office.desk, "leakcase.create")
    assert (told.resource_id, told.actor_user_id) == (case["id"], office.guard.id)


@pytest.mark.rule("SHIELD-22", "SHIELD-71")
def test_a_case_is_carried_on_until_it_is_closed(office: Office) -> None:
    case = office.post({**TITLE, "fragments": [office.codes[1][:9]]}, expect=201).json
    assert office.held() == {office.ravi.id}
    found = office.patch(case, {"status": "IDENTIFIED", "suspectUserId": office.asha.id}, expect=200).json
    assert (found["suspectName"], found["version"]) == ("Asha Verma", 2)
    assert office.held() == {office.asha.id, office.ravi.id}
    done = {"status": "ACTIONED", "actions": [{"type": "BAN", "note": "For a month"}, {"type": "NOTICE_SENT"}]}
    acted = office.patch(case, done, headers={"If-Match": '"v2"'}, expect=200).json
    assert [(one["type"], one["note"], one["byUserId"]) for one in acted["actions"]] == [
        ("BAN", "For a month", office.guard.id),
        ("NOTICE_SENT", None, office.guard.id),
    ]
    assert office.patch(case, {"title": "Other"}, headers={"If-Match": '"v2"'}).code == "VERSION_MISMATCH"
    assert office.patch(case, {"title": TITLE["title"]}, expect=200).json["version"] == 3
    other = office.patch(case, {"fragments": [office.codes[0][:9]], "notes": None}, expect=200).json
    assert [one["userId"] for one in other["candidates"]] == [office.asha.id]
    assert office.held() == {office.asha.id}
    office.patch(case, {"status": "CLOSED"}, expect=200)
    assert office.held() == set()
    office.patch(case, {"status": "OPEN"}, expect=200)
    assert office.held() == {office.asha.id}
    told = [plain(one.meta) for one in entries(office.desk, "leakcase.update")]
    assert len(told) == 5
    assert told[0]["changed"] == {"status": ["OPEN", "IDENTIFIED"], "suspectUserId": [None, office.asha.id]}
    assert told[1]["done"] == ["BAN", "NOTICE_SENT"]


@pytest.mark.rule("SHIELD-22")
def test_evidence_comes_and_goes_with_its_references(office: Office) -> None:
    first, second = office.evidence(), office.evidence()
    case = office.post({**TITLE, "evidenceAssetIds": [first]}, expect=201).json
    office.patch(case, {"evidenceAssetIds": [second]}, expect=200)
    assert (office.references(first), office.references(second)) == (0, 1)
    pending, stranger = office.evidence("PENDING"), office.desk.file()
    for asset in (pending, stranger, new_ulid()):
        assert office.post({**TITLE, "evidenceAssetIds": [asset]}).issues == {
            "body.evidenceAssetIds[0]": "ASSET_UNUSABLE"
        }
        refused = office.patch(case, {"evidenceAssetIds": [second, asset]})
        assert refused.issues == {"body.evidenceAssetIds[1]": "ASSET_UNUSABLE"}
    assert office.get(case)["evidenceAssetIds"] == [second]
    assert office.references(second) == 1


@pytest.mark.rule("SHIELD-22")
def test_what_is_wrong_with_a_case_is_named(office: Office) -> None:
    for body, field in (
        ({**TITLE, "noteId": new_ulid()}, "body.noteId"),
        ({**TITLE, "suspectUserId": new_ulid()}, "body.suspectUserId"),
        ({**TITLE, "fragments": ["W7K"]}, "body.fragments[0]"),
        ({**TITLE, "fragments": ["W7K2", "w7-k2"]}, "body.fragments"),
        ({**TITLE, "sourceUrl": "javascript:alert(1)"}, "body.sourceUrl"),
        ({"title": "ab"}, "body.title"),
        ({**TITLE, "evidenceAssetIds": [new_ulid() for _ in range(11)]}, "body.evidenceAssetIds"),
    ):
        assert list(office.post(body).issues) == [field], body
    assert entries(office.desk, "leakcase.create") == []
    case = office.post(TITLE, expect=201).json
    ten = {"actions": [{"type": "OTHER"}] * 10}
    for _ in range(MAX_ACTIONS // 10):
        office.patch(case, ten, expect=200)
    assert office.patch(case, {"actions": [{"type": "OTHER"}]}).issues == {"body.actions": "TOO_MANY"}
    assert len(office.get(case)["actions"]) == MAX_ACTIONS
    assert office.patch({"id": new_ulid()}, ten).code == "LEAK_CASE_NOT_FOUND"


@pytest.mark.rule("SHIELD-22")
def test_parallel_changes_are_all_kept(office: Office) -> None:
    case = office.post(TITLE, expect=201).json
    add = [partial(office.patch, case, {"actions": [{"type": kind}]}) for kind in ("BAN", "BLOCK", "NOTICE_SENT")]
    assert {answer.status for answer in at_once(add)} == {200}
    assert {one["type"] for one in office.get(case)["actions"]} == {"BAN", "BLOCK", "NOTICE_SENT"}
    assert len(entries(office.desk, "leakcase.update")) == 3


@pytest.mark.rule("SHIELD-22")
def test_cases_are_listed_by_status_and_read_by_those_who_may(office: Office) -> None:
    cases = [office.post({"title": f"Case {number}"}, expect=201).json["id"] for number in range(3)]
    office.patch({"id": cases[1]}, {"status": "CLOSED"}, expect=200)
    desk = office.desk

    def listed(person: Person, **query: Any) -> list[str]:
        found: list[str] = []
        while True:
            answer = desk.client.get(CASES, token=fresh(desk, person), query={"limit": 1, **query}, expect=200).json
            found += [one["id"] for one in answer["items"]]
            if answer["nextCursor"] is None:
                return found
            query["cursor"] = answer["nextCursor"]

    support = desk.people.admin("ADMIN_SUPPORT")
    assert listed(office.guard) == cases[::-1]
    assert listed(support, status="OPEN") == [cases[2], cases[0]]
    assert listed(support, status="CLOSED") == [cases[1]]
    assert desk.client.post(CASES, json=TITLE, token=support.token).status == 403
    path = f"{CASES}/{cases[0]}"
    assert desk.client.patch(path, json={"status": "CLOSED"}, token=support.token).status == 403
    assert desk.client.get(path, token=office.asha.token).status == 403
    assert listed(support, status="OPEN") == [cases[2], cases[0]]
