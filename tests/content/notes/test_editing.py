"""Creating and changing notes."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest

from chalicelib.content.files import AssetReference, FileAsset
from chalicelib.content.notes.items import Note
from chalicelib.content.taxonomy import Tag, Topic
from chalicelib.platform import store
from tests.content.desk import Desk
from tests.content.notes.shelves import stored
from tests.content.paper import pdf
from tests.support.people import People
from tests.support.races import at_once, just_before, round_trips

ADMIN = "/v1/admin/notes"
NOBODY = "01M7W40Q13T1PHW4JDV27B5ZA4"


def audited(desk: Desk) -> Counter[str]:
    """How often each action was audited."""
    return Counter(item["action"]["S"] for item in desk.cloud.items() if item["kind"]["S"] == "AuditEntry")


def notes(desk: Desk) -> int:
    """How many notes there are."""
    return sum(item["kind"]["S"] == "Note" for item in desk.cloud.items())


def topic(subject_id: str, topic_id: str, name: str = "Topic") -> str:
    """A topic as the syllabus will hold it."""
    place = Topic.place(subject_id, topic_id)
    store.put(Topic(place.pk, place.sk, id=topic_id, subject_id=subject_id, name=name))
    return topic_id


def references(asset_id: str) -> tuple[int, list[tuple[str, bool]]]:
    """A file's count of references, and the references themselves."""
    asset = store.get(FileAsset, FileAsset.place(asset_id))
    assert asset is not None
    found = [
        one for one in store.every(store.Query(store.Item, f"ASSET#{asset_id}")) if isinstance(one, AssetReference)
    ]
    return int(asset.references), [(str(one.ref_id), bool(one.published)) for one in found]


def patch(desk: Desk, note: dict[str, Any], body: dict[str, Any], expect: int | None = None, **headers: str) -> Any:
    """A change by the editor."""
    return desk.client.patch(
        f"{ADMIN}/{note['id']}", json=body, token=desk.editor.token, expect=expect, headers=dict(headers)
    )


@pytest.mark.rule("NOTE-10", "NOTE-40")
def test_a_note_begins_as_a_draft_of_a_confirmed_file(desk: Desk) -> None:
    subject, asset_id = desk.subject(), desk.file(pdf(5))
    body = {
        "subjectId": subject["id"],
        "title": " Fundamental Rights ",
        "description": "One\nTwo",
        "isPremium": True,
        "fileAssetId": asset_id.lower(),
        "language": "hi",
        "previewAllowed": True,
        "previewPages": 2,
        "orderIndex": 7,
    }
    desk.cloud.calls.clear()
    answer = desk.post(ADMIN, body, 201)
    assert round_trips(list(desk.cloud.calls)) == 3
    note = answer.json
    assert answer.headers["location"] == f"{ADMIN}/{note['id']}"
    assert answer.headers["etag"] == '"v1"'
    assert (note["title"], note["isPublished"], note["pageCount"], note["version"]) == (
        "Fundamental Rights",
        False,
        5,
        1,
    )
    assert (note["subjectName"], note["language"], note["previewPages"]) == (subject["name"], "hi", 2)
    assert note["warnings"] == ["NO_TOPICS"]
    assert references(asset_id) == (1, [(note["id"], False)])
    assert audited(desk)["note.create"] == 1


@pytest.mark.rule("NOTE-40", "FILE-40")
def test_one_file_serves_several_notes_and_two_may_share_a_title(desk: Desk) -> None:
    asset_id = desk.file()
    made = [desk.draft(fileAssetId=asset_id) for _ in range(3)]
    assert len({note["title"] for note in made}) == 1
    assert references(asset_id) == (3, sorted((note["id"], False) for note in made))


@pytest.mark.rule("NOTE-10", "FILE-40")
@pytest.mark.parametrize("state", ["unknown", "PENDING", "INSPECTING", "REJECTED", "DELETED", "infected"])
def test_a_file_that_is_not_usable_is_refused(desk: Desk, state: str) -> None:
    asset_id = NOBODY
    if state != "unknown":
        asset_id = desk.file()
        change = FileAsset.scan_status.set("INFECTED") if state == "infected" else FileAsset.status.set(state)
        store.update(FileAsset, FileAsset.place(asset_id), [change])
    subject = desk.subject()
    before = desk.cloud.items()
    body = {"subjectId": subject["id"], "title": "Rights", "isPremium": False, "fileAssetId": asset_id}
    answer = desk.post(ADMIN, body, 422)
    assert (answer.code, list(answer.issues)) == ("ASSET_UNUSABLE", ["body.fileAssetId"])
    assert desk.cloud.items() == before


@pytest.mark.rule("NOTE-10")
def test_unknown_subjects_topics_and_tags_are_named(desk: Desk) -> None:
    subject, asset_id = desk.subject(), desk.file()
    known = topic(subject["id"], "01M7W40Q13T1PHW4JDV27B5ZA1")
    body = {"subjectId": subject["id"], "title": "Rights", "isPremium": False, "fileAssetId": asset_id}
    answer = desk.post(ADMIN, {**body, "subjectId": NOBODY}, 422)
    assert (answer.code, answer.issues) == ("VALIDATION_FAILED", {"body.subjectId": "SUBJECT_NOT_FOUND"})
    answer = desk.post(ADMIN, {**body, "topicIds": [known, NOBODY]}, 422)
    assert (answer.code, answer.issues) == ("TOPIC_NOT_IN_SUBJECT", {"body.topicIds[1]": "TOPIC_NOT_IN_SUBJECT"})
    answer = desk.post(ADMIN, {**body, "tagIds": [NOBODY]}, 422)
    assert answer.issues == {"body.tagIds[0]": "TAG_NOT_FOUND"}
    assert notes(desk) == 0
    assert references(asset_id) == (0, [])


@pytest.mark.rule("NOTE-10", "NOTE-42")
def test_a_topic_that_goes_while_the_note_is_written_fails_the_write(desk: Desk) -> None:
    subject, asset_id = desk.subject(), desk.file()
    topic_id = topic(subject["id"], "01M7W40Q13T1PHW4JDV27B5ZA1")
    place = Topic.place(subject["id"], topic_id)
    body = {
        "subjectId": subject["id"],
        "title": "Rights",
        "isPremium": False,
        "fileAssetId": asset_id,
        "topicIds": [topic_id],
    }
    # Whichever comes first: with the topic the note stands, without it there is none.
    answers: list[Any] = at_once([partial(desk.post, ADMIN, body), lambda: store.delete(Topic, place)])
    if answers[0].status == 201:
        assert notes(desk) == 1
    else:
        assert (answers[0].status, answers[0].code, notes(desk)) == (422, "TOPIC_NOT_IN_SUBJECT", 0)
    assert desk.post(ADMIN, body, 422).issues == {"body.topicIds[0]": "TOPIC_NOT_IN_SUBJECT"}


@pytest.mark.rule("NOTE-42", "NOTE-11")
def test_what_a_note_names_is_proved_in_the_transaction_that_writes_it(desk: Desk) -> None:
    subject, other = desk.subject(), desk.subject()
    kept, gone = desk.topic(subject), desk.topic(subject)
    tag, note = desk.tag(), desk.draft(subject=subject, topicIds=[kept["id"]])
    before = stored(note)
    change = partial(desk.client.patch, f"{ADMIN}/{note['id']}", token=desk.editor.token)
    wrong = change(json={"topicIds": [kept["id"], desk.topic(other)["id"]]}, expect=422)
    assert (wrong.code, wrong.issues) == ("TOPIC_NOT_IN_SUBJECT", {"body.topicIds[1]": "TOPIC_NOT_IN_SUBJECT"})
    topic_goes = partial(store.delete, Topic, Topic.place(subject["id"], gone["id"]))
    tag_goes = partial(store.delete, Tag, Tag.place(tag["id"]))
    for goes, body, field, issue in (
        (topic_goes, {"topicIds": [kept["id"], gone["id"]]}, "body.topicIds[1]", "TOPIC_NOT_IN_SUBJECT"),
        (tag_goes, {"tagIds": [tag["id"]]}, "body.tagIds", "TAG_NOT_FOUND"),
    ):
        with just_before("TransactWriteItems", goes):
            assert change(json=body, expect=422).issues == {field: issue}
    assert stored(note).serialize() == before.serialize()


@pytest.mark.rule("NOTE-40", "NOTE-10")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("title", "ab"),
        ("title", "t" * 201),
        ("description", "d" * 5_001),
        ("description", "a\u0000b"),
        ("isPremium", "true"),
        ("topicIds", [NOBODY] * 2),
        ("topicIds", [f"01M7W40Q13T1PHW4JDV27B5Z{n:02d}" for n in range(11)]),
        ("tagIds", ["nonsense"]),
        ("language", "x"),
        ("language", "en_GB"),
        ("previewPages", 0),
        ("previewPages", 11),
        ("orderIndex", -1),
        ("pageCount", 4),
        ("fileAssetId", None),
    ],
)
def test_what_breaks_a_rule_is_named(desk: Desk, member: str, value: object) -> None:
    body = {"subjectId": NOBODY, "title": "Rights", "isPremium": False, "fileAssetId": NOBODY, member: value}
    answer = desk.post(ADMIN, body, 422)
    assert {field.partition("[")[0] for field in answer.issues} == {f"body.{member}"}
    assert notes(desk) == 0


@pytest.mark.rule("NOTE-10")
def test_only_those_who_write_notes_do(desk: Desk, people: People) -> None:
    note = desk.draft()
    for person in (people.student(), people.admin("ADMIN_TEST"), people.admin("INSTRUCTOR")):
        desk.client.post(ADMIN, json={}, token=person.token, expect=403)
        desk.client.patch(f"{ADMIN}/{note['id']}", json={"title": "Other"}, token=person.token, expect=403)
        desk.client.get(f"{ADMIN}/{note['id']}", token=person.token, expect=403)
    assert notes(desk) == 1


@pytest.mark.rule("NOTE-11")
def test_only_what_is_named_changes(desk: Desk) -> None:
    note = desk.draft(description="old", isPremium=True)
    changed = patch(desk, note, {"title": "New title", "description": None}, 200)
    assert changed.headers["etag"] == '"v2"'
    moving = {"title", "description", "version", "updatedAt"}
    assert {k: v for k, v in changed.json.items() if k not in moving} == {
        k: v for k, v in note.items() if k not in moving
    }
    assert (changed.json["title"], changed.json["description"]) == ("New title", None)
    assert patch(desk, note, {"title": "New title"}, 200).json["version"] == 2
    assert patch(desk, note, {}, 200).json["version"] == 2
    assert audited(desk)["note.update"] == 1
    assert patch(desk, note, {"title": None}, 422).issues
    assert patch(desk, {"id": NOBODY}, {"title": "New"}, 404).code == "NOTE_NOT_FOUND"


@pytest.mark.rule("NOTE-11", "HTTP-19")
def test_of_two_changes_of_one_version_one_is_refused(desk: Desk) -> None:
    note = desk.draft()
    change = partial(patch, desk, note, **{"If-Match": '"v1"'})
    answers = at_once([partial(change, {"title": title}) for title in ("First title", "Second title")])
    assert sorted(answer.status for answer in answers) == [200, 412]
    (refused,) = [answer for answer in answers if answer.status == 412]
    assert (refused.code, refused.json["details"]) == ("VERSION_MISMATCH", {"version": 2})
    assert audited(desk)["note.update"] == 1


@pytest.mark.rule("NOTE-11", "HTTP-19")
def test_changes_of_different_members_at_once_all_stay(desk: Desk) -> None:
    note = desk.draft()
    bodies: list[dict[str, Any]] = [{"title": "New title"}, {"isPremium": True}, {"language": "hi"}]
    assert {answer.status for answer in at_once([partial(patch, desk, note, body) for body in bodies])} == {200}
    now = desk.client.get(f"{ADMIN}/{note['id']}", token=desk.editor.token).json
    assert (now["title"], now["isPremium"], now["language"], now["version"]) == ("New title", True, "hi", 4)


@pytest.mark.rule("NOTE-11", "ACC-64")
def test_a_published_note_is_changed_by_those_who_could_publish_it(desk: Desk) -> None:
    draft, note = desk.draft(), desk.note()
    writer = desk.staff("notes.write", "notes.read")
    place = f"{ADMIN}/{note['id']}"
    refused = desk.client.patch(place, json={"title": "Other title"}, token=writer.token, expect=403)
    assert refused.json["details"]["reason"] == "MISSING_PERMISSION"
    assert desk.client.get(place, token=writer.token).json["title"] == note["title"]
    desk.client.patch(f"{ADMIN}/{draft['id']}", json={"title": "Other title"}, token=writer.token, expect=200)


@pytest.mark.rule("NOTE-11")
def test_another_subject_needs_its_topics(desk: Desk) -> None:
    first, second = desk.subject(), desk.subject()
    old = topic(first["id"], "01M7W40Q13T1PHW4JDV27B5ZA1", "Old")
    new = topic(second["id"], "01M7W40Q13T1PHW4JDV27B5ZA2", "New")
    note = desk.note(subject=first, topicIds=[old], isPremium=True)
    assert patch(desk, note, {"subjectId": second["id"]}, 422).issues == {"body.topicIds": "REQUIRED"}
    assert patch(desk, note, {"subjectId": second["id"], "topicIds": [old]}, 422).code == "TOPIC_NOT_IN_SUBJECT"
    moved = patch(desk, note, {"subjectId": second["id"], "topicIds": [new]}, 200).json
    assert (moved["subjectName"], moved["topicIds"], moved["warnings"]) == (second["name"], [new], [])
    reader = desk.student({"topicIds": [new]})
    shown = desk.client.get(f"/v1/notes/{note['id']}", token=reader.token, expect=200).json
    assert shown["topics"] == [{"id": new, "name": "New", "path": ["New"]}]
    assert shown["access"] == {"allowed": True, "reason": "ALLOWED"}
    of_second = desk.client.get("/v1/notes", token=reader.token, query={"subjectId": second["id"]}).json["items"]
    assert [one["id"] for one in of_second] == [note["id"]]
    reference = store.get(AssetReference, AssetReference.place(note["file"]["fileAssetId"], "NOTE", note["id"]))
    assert reference is not None
    assert (reference.subject_id, list(reference.topic_ids), reference.published) == (second["id"], [new], True)


@pytest.mark.rule("NOTE-11")
def test_tags_replace_the_set(desk: Desk) -> None:
    tag_id = "01M7W40Q13T1PHW4JDV27B5ZA9"
    place = Tag.place(tag_id)
    store.put(Tag(place.pk, place.sk, id=tag_id, key="exam", name="Exam"))
    note = desk.note(tagIds=[tag_id])
    shown = desk.client.get(f"/v1/notes/{note['id']}", token=desk.student().token).json
    assert (shown["tagIds"], shown["tags"]) == ([tag_id], [{"id": tag_id, "name": "Exam"}])
    assert patch(desk, note, {"tagIds": []}, 200).json["tagIds"] == []


@pytest.mark.rule("NOTE-11", "FILE-40")
def test_another_file_keeps_the_one_before_in_the_history(desk: Desk) -> None:
    first, second = desk.file(pdf(2)), desk.file(pdf(9))
    note = desk.note(fileAssetId=first)
    refused = patch(desk, note, {"fileAssetId": NOBODY}, 422)
    assert refused.code == "ASSET_UNUSABLE"
    changed = patch(desk, note, {"fileAssetId": second}, 200).json
    assert (changed["pageCount"], changed["fileVersion"]) == (9, 2)
    (earlier,) = changed["fileHistory"]
    assert (earlier["fileAssetId"], earlier["fileVersion"], earlier["byUserId"]) == (first, 1, desk.editor.id)
    assert references(first) == (0, [])
    assert references(second) == (1, [(note["id"], True)])
    assert audited(desk)["note.replace_file"] == 1
    files = [first, second]
    for turn in range(12):
        changed = patch(desk, note, {"fileAssetId": files[turn % 2]}, 200).json
    assert (len(changed["fileHistory"]), changed["fileVersion"]) == (10, 14)
    assert [one["fileVersion"] for one in changed["fileHistory"]] == list(range(4, 14))


@pytest.mark.rule("NOTE-12")
def test_staff_see_the_note_with_its_file_but_not_where_that_is(desk: Desk) -> None:
    asset_id = desk.file(pdf(3))
    note = desk.draft(fileAssetId=asset_id)
    answer = desk.client.get(f"{ADMIN}/{note['id']}", token=desk.editor.token, expect=200)
    assert answer.json == note
    size = len(pdf(3))
    assert note["file"] == {"fileAssetId": asset_id, "fileName": "note.pdf", "sizeBytes": size, "pageCount": 3}
    assert note["counts"] == {"topics": 0, "tags": 0, "earlierFiles": 0}
    stored = store.get(Note, Note.place(note["id"]))
    assert stored is not None
    file = stored.file.as_dict()
    for secret in (file["object_key"], file["version_id"], "amazonaws", "pathshala-test-files"):
        assert secret not in answer.body.decode()
