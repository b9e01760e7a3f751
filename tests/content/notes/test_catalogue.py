"""Notes as students find them."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.content.notes.items import Note
from chalicelib.content.progress import NoteProgress
from chalicelib.platform import clock, store
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.people import People, Person
from tests.support.races import round_trips

NOBODY = "01M7W40Q13T1PHW4JDV27B5ZA4"


def listed(desk: Desk, reader: Person, **query: object) -> list[dict[str, Any]]:
    """The first page of notes."""
    found: list[dict[str, Any]] = desk.client.get("/v1/notes", token=reader.token, query=query, expect=200).json[
        "items"
    ]
    return found


@pytest.mark.rule("NOTE-01", "ENT-30")
def test_published_notes_newest_first_in_one_query(desk: Desk) -> None:
    made = []
    for number in range(4):
        made.append(desk.note(title=f"Note {number}", description="x" * 400, isPremium=bool(number % 2)))
        desk.cloud.advance(1)
    desk.draft(title="Draft")
    student = desk.student()
    desk.cloud.calls.clear()
    found = listed(desk, student)
    calls = list(desk.cloud.calls)
    assert sorted(call.operation for call in calls) == ["GetItem", "Query"]
    assert round_trips(calls) == 2
    assert [one["title"] for one in found] == ["Note 3", "Note 2", "Note 1", "Note 0"]
    assert [one["locked"] for one in found] == [True, False, True, False]
    assert len(found[0]["descriptionSnippet"]) == 200
    assert found[0]["progress"] is None
    entitled = desk.student({"noteIds": [made[3]["id"]]})
    assert [one["locked"] for one in listed(desk, entitled)] == [False, False, True, False]
    banned = desk.student(note_bans={made[0]["id"]: clock.epoch() + 60})
    assert [one["locked"] for one in listed(desk, banned)] == [True, False, True, True]
    assert [one["denyReason"] for one in listed(desk, entitled)] == [None, None, "ENTITLEMENT_OUT_OF_SCOPE", None]
    assert [one["denyReason"] for one in listed(desk, banned)][2:] == ["NO_ENTITLEMENT", "NOTE_BANNED"]


@pytest.mark.rule("NOTE-01")
def test_filters(desk: Desk) -> None:
    first, second = desk.subject(), desk.subject()
    desk.note(title="Free one", subject=first)
    desk.note(title="Premium one", subject=first, isPremium=True, language="hi")
    desk.note(title="Another subject", subject=second)
    student = desk.student()

    def titles(**query: object) -> set[str]:
        return {one["title"] for one in listed(desk, student, **query)}

    assert titles(subjectId=first["id"]) == {"Free one", "Premium one"}
    assert titles(premium="true") == {"Premium one"}
    assert titles(premium="false", subjectId=first["id"]) == {"Free one"}
    assert titles(language="HI") == {"Premium one"}
    assert titles(subjectId=NOBODY) == titles(topicId=NOBODY) == titles(tagId=NOBODY) == set()
    wrong = desk.client.get("/v1/notes", token=student.token, query={"subjectId": first["id"], "topicId": NOBODY})
    assert (wrong.status, wrong.code, wrong.issues) == (
        422,
        "TOPIC_NOT_IN_SUBJECT",
        {"query.topicId": "TOPIC_NOT_IN_SUBJECT"},
    )
    search = desk.client.get("/v1/notes", token=student.token, query={"q": "rights"})
    assert (search.status, search.code) == (422, "SEARCH_UNAVAILABLE")
    for query in ({"subject": first["id"]}, {"premium": "maybe"}, {"limit": 101}, {"include": "everything"}):
        desk.client.get("/v1/notes", token=student.token, query=query, expect=422)


@pytest.mark.rule("NOTE-01", "HTTP-16")
def test_pages_hold_every_note_once(desk: Desk) -> None:
    subject, asset_id = desk.subject(), desk.file()
    made = [desk.note(subject=subject, fileAssetId=asset_id, title=f"Note {n}")["id"] for n in range(5)]
    student, seen, cursor = desk.student(), [], None
    while True:
        query = {"limit": 2, **({"cursor": cursor} if cursor else {})}
        page = desk.client.get("/v1/notes", token=student.token, query=query, expect=200).json
        seen += [one["id"] for one in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
        desk.note(subject=subject, fileAssetId=asset_id)
        other = desk.client.get("/v1/notes", token=desk.student().token, query=query | {"cursor": cursor})
        assert other.code == "CURSOR_INVALID"
        filtered = desk.client.get("/v1/notes", token=student.token, query={"premium": "true", "cursor": cursor})
        assert filtered.code == "CURSOR_INVALID"
    assert seen == made[::-1]


@pytest.mark.rule("NOTE-01", "NOTE-03")
def test_progress_where_it_is_asked_for(desk: Desk) -> None:
    note, student = desk.note(content=pdf(52)), desk.student()
    (found,) = listed(desk, student, include="progress")
    assert (found["progress"]["furthestPage"], found["progress"]["totalPages"]) == (0, 52)
    place = NoteProgress.place(student.id, note["id"])
    store.put(
        NoteProgress(
            place.pk,
            place.sk,
            last_page_read=10,
            furthest_page=50,
            total_pages=52,
            percent_complete=96.2,
            last_read_at=clock.now(),
        )
    )
    (found,) = listed(desk, student, include="progress")
    shown = desk.client.get(f"/v1/notes/{note['id']}", token=student.token).json
    assert found["progress"] == shown["progress"]
    assert (shown["progress"]["percentComplete"], shown["progress"]["lastPageRead"]) == (96.2, 10)


@pytest.mark.rule("NOTE-03")
def test_a_notes_metadata_is_for_everybody_signed_in(desk: Desk) -> None:
    note = desk.note(isPremium=True, description="Line\nline", previewAllowed=True)
    cases = [
        (desk.student(), {"allowed": False, "reason": "NO_ENTITLEMENT"}),
        (desk.student({}), {"allowed": True, "reason": "ALLOWED"}),
        (desk.student({"kind": "ALL"}), {"allowed": True, "reason": "ALLOWED"}),
        (desk.student({"kind": "TESTS"}), {"allowed": False, "reason": "NO_ENTITLEMENT"}),
        (desk.student({"subjectIds": [NOBODY]}), {"allowed": False, "reason": "ENTITLEMENT_OUT_OF_SCOPE"}),
        (desk.student({"subjectIds": [note["subjectId"]]}), {"allowed": True, "reason": "ALLOWED"}),
    ]
    for student, access in cases:
        desk.cloud.calls.clear()
        shown = desk.client.get(f"/v1/notes/{note['id'].lower()}", token=student.token, expect=200).json
        assert [call.operation for call in desk.cloud.calls] == ["BatchGetItem"]
        assert (shown["access"], shown["locked"]) == (access, not access["allowed"])
    assert (shown["description"], shown["subject"]["name"]) == ("Line\nline", note["subjectName"])
    assert shown["viewer"] == {"maxRangeBytes": 1_048_576}
    desk.client.get(f"/v1/notes/{note['id']}", expect=401)


@pytest.mark.rule("NOTE-03", "HTTP-24")
def test_what_is_not_published_is_as_if_it_were_not_there(desk: Desk) -> None:
    draft, student = desk.draft(), desk.student({"kind": "ALL"})
    answers = [
        desk.client.get(f"/v1/notes/{note_id}", token=person.token, expect=404)
        for note_id in (draft["id"], NOBODY, "nonsense")
        for person in (student, desk.editor)
    ]
    assert {(answer.code, answer.json["message"]) for answer in answers} == {
        ("NOTE_NOT_FOUND", answers[0].json["message"])
    }
    assert len({frozenset(answer.headers) for answer in answers}) == 1


@pytest.mark.rule("NOTE-43")
def test_no_student_answer_tells_where_the_bytes_are(desk: Desk, people: People) -> None:
    note, other = desk.note(content=pdf(3, filler=2_000_000), isPremium=True), desk.draft()
    student, stranger = desk.student({}), desk.student()
    session = desk.open(note, student).json
    token, place = session["viewToken"], f"/v1/notes/{note['id']}"
    headers = {"X-View-Token": token}
    stored = store.get(Note, Note.place(note["id"]))
    assert stored is not None
    file = stored.file.as_dict()
    get = desk.client.get
    answers = [
        desk.open(note, student),
        desk.open(note, stranger),
        desk.open(other, student),
        *(get("/v1/notes", token=student.token, query=query) for query in ({}, {"include": "progress"}, {"q": "no"})),
        *(get(f"/v1/notes/{one['id']}", token=reader.token) for one in (note, other) for reader in (student, stranger)),
        get("/v1/subjects", token=student.token),
        desk.content(note, student, token),
        desk.content(note, student, token, Range="bytes=0-9"),
        desk.content(note, student, token, Range="bytes=99999999-"),
        desk.content(note, student, token, method="HEAD"),
        desk.content(note, student, "nonsense"),
        get(f"{place}/watermark", token=student.token, headers=headers),
        desk.client.post(f"{place}/view-session/renew", token=student.token, headers=headers),
        get(f"/v1/admin/files/{stored.file_asset_id}", token=student.token),
    ]
    desk.cloud.fault("s3", "GetObject", "SlowDown", times=9)
    answers.append(desk.content(note, student, token, Range="bytes=0-9"))
    secrets = (
        str(stored.file_asset_id),
        str(file["object_key"]),
        str(file["version_id"]),
        BUCKET_NAME(),
        "amazonaws",
        "fileAssetId",
        "objectKey",
        "versionId",
        "notes/20",
    )
    for answer in answers:
        told = answer.body.decode("latin-1") + str(dict(answer.headers))
        assert not [secret for secret in secrets if secret in told]
