"""Publishing and unpublishing."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest

from chalicelib.content.files import AssetReference, FileAsset
from chalicelib.content.notes.items import Note
from chalicelib.platform import store
from tests.content.desk import Desk
from tests.support.people import People
from tests.support.races import at_once


def audited(desk: Desk) -> Counter[str]:
    """How often each action was audited."""
    return Counter(item["action"]["S"] for item in desk.cloud.items() if item["kind"]["S"] == "AuditEntry")


def turn(desk: Desk, note: dict[str, Any], verb: str, body: Any = None) -> Any:
    """Publish or unpublish."""
    return desk.post(f"/v1/admin/notes/{note['id']}/{verb}", body)


def stored(note: dict[str, Any]) -> Note:
    """The note as it is."""
    found = store.get(Note, Note.place(note["id"]))
    assert found is not None
    return found


def referenced(note: dict[str, Any]) -> bool:
    """Whether the file's reference says that the note is published."""
    found = store.get(AssetReference, AssetReference.place(note["file"]["fileAssetId"], "NOTE", note["id"]))
    assert found is not None
    return bool(found.published)


@pytest.mark.rule("NOTE-14", "NOTE-41", "FILE-40")
def test_publishing_makes_a_note_visible_once(desk: Desk) -> None:
    note, student = desk.draft(), desk.student()
    assert desk.client.get("/v1/notes", token=student.token).json["items"] == []
    first = turn(desk, note, "publish")
    assert (first.status, first.headers["etag"]) == (200, '"v2"')
    assert first.json["isPublished"] is True
    assert first.json["publishedAt"] == first.json["firstPublishedAt"] is not None
    assert referenced(note)
    desk.cloud.advance(5)
    again = turn(desk, note, "publish")
    assert again.json == first.json
    assert audited(desk)["note.publish"] == 1
    assert len(desk.client.get("/v1/notes", token=student.token).json["items"]) == 1


@pytest.mark.rule("NOTE-15", "NOTE-41")
def test_unpublishing_takes_it_back_and_publishing_again_renews_the_date(desk: Desk) -> None:
    note, student = desk.note(), desk.student()
    for reason in ("wrong scan", None):
        taken = turn(desk, note, "unpublish", {"reason": reason} if reason else None)
        assert (taken.status, taken.json["isPublished"], taken.json["version"]) == (200, False, 3)
    assert not referenced(note)
    (entry,) = [one for one in desk.cloud.items() if one.get("action", {}).get("S") == "note.unpublish"]
    assert entry["reason"]["S"] == "wrong scan"
    assert desk.client.get("/v1/notes", token=student.token).json["items"] == []
    assert desk.client.get(f"/v1/notes/{note['id']}", token=student.token, expect=404).code == "NOTE_NOT_FOUND"
    desk.cloud.advance(60)
    back = turn(desk, note, "publish").json
    assert back["publishedAt"] > note["publishedAt"]
    assert back["firstPublishedAt"] == note["firstPublishedAt"]
    assert back["version"] == 4


@pytest.mark.rule("NOTE-41")
def test_of_many_publications_at_once_one_counts(desk: Desk) -> None:
    note = desk.draft()
    answers = at_once([partial(turn, desk, note, "publish")] * 8)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert audited(desk)["note.publish"] == 1
    assert int(stored(note).version) == 2


@pytest.mark.rule("NOTE-41")
def test_publishing_and_unpublishing_at_once_leave_one_story(desk: Desk) -> None:
    note = desk.draft()
    for _ in range(5):
        verbs = ["publish", "unpublish"] * 4
        answers = at_once([partial(turn, desk, note, verb) for verb in verbs])
        assert {answer.status for answer in answers} <= {200, 409}
        for verb, answer in zip(verbs, answers, strict=True):
            if answer.status == 200:
                assert answer.json["isPublished"] is (verb == "publish")
        counts, now = audited(desk), stored(note)
        assert int(now.version) == 1 + counts["note.publish"] + counts["note.unpublish"]
        assert counts["note.publish"] - counts["note.unpublish"] == int(bool(now.is_published))
        assert referenced(note) is bool(now.is_published)


@pytest.mark.rule("NOTE-14", "NOTE-41")
def test_what_is_missing_is_said_and_nothing_changes(desk: Desk) -> None:
    subject = desk.subject()
    note = desk.draft(subject=subject)
    asset_id = note["file"]["fileAssetId"]
    place = f"/v1/admin/subjects/{subject['id']}"
    desk.client.patch(place, json={"isActive": False}, token=desk.editor.token, expect=200)
    store.update(FileAsset, FileAsset.place(asset_id), [FileAsset.scan_status.set("INFECTED")])
    before = stored(note)
    answer = turn(desk, note, "publish")
    assert (answer.status, answer.code) == (422, "NOTE_INCOMPLETE")
    assert answer.json["details"] == {"missing": ["ACTIVE_SUBJECT", "FILE"]}
    after = stored(note)
    assert (after.version, after.is_published, after.gsi1pk) == (before.version, False, before.gsi1pk)
    assert audited(desk)["note.publish"] == 0
    store.update(FileAsset, FileAsset.place(asset_id), [FileAsset.scan_status.set("CLEAN")])
    assert turn(desk, note, "publish").json["details"] == {"missing": ["ACTIVE_SUBJECT"]}
    desk.client.patch(place, json={"isActive": True}, token=desk.editor.token, expect=200)
    assert turn(desk, note, "publish").status == 200


@pytest.mark.rule("NOTE-41", "AUD-21")
@pytest.mark.parametrize("after", [True, False])
def test_a_fault_leaves_all_of_it_or_nothing(desk: Desk, after: bool) -> None:
    note = desk.draft()
    desk.cloud.fault("dynamodb", "TransactWriteItems", "ReadTimeout", times=9, after=after)
    turn(desk, note, "publish")
    desk.cloud.faults.clear()
    assert bool(stored(note).is_published) is after
    assert audited(desk)["note.publish"] == int(after)
    assert turn(desk, note, "publish").status == 200
    assert audited(desk)["note.publish"] == 1


@pytest.mark.rule("NOTE-14", "NOTE-15")
def test_only_those_who_publish_do(desk: Desk, people: People) -> None:
    note = desk.draft()
    writer = desk.staff("notes.write", "notes.read")
    for person in (people.student(), people.admin("ADMIN_TEST"), writer):
        for verb in ("publish", "unpublish"):
            desk.client.post(f"/v1/admin/notes/{note['id']}/{verb}", token=person.token, expect=403)
    assert int(stored(note).version) == 1
    assert turn(desk, {"id": "01M7W40Q13T1PHW4JDV27B5ZA4"}, "publish").code == "NOTE_NOT_FOUND"
    assert turn(desk, note, "unpublish", {"reason": "x" * 501}).status == 422


@pytest.mark.rule("NOTE-15", "NOTE-41")
def test_the_notes_of_a_file_that_turns_out_infected_are_taken_back(desk: Desk) -> None:
    note = desk.note()
    shared = desk.note(fileAssetId=note["file"]["fileAssetId"])
    other, draft = desk.note(), desk.draft(fileAssetId=note["file"]["fileAssetId"])
    found = [FileAsset.scan_status.set("INFECTED"), FileAsset.version.add(1)]
    store.update(FileAsset, FileAsset.place(note["file"]["fileAssetId"]), found)
    desk.cloud.drain()
    assert [bool(stored(one).is_published) for one in (note, shared, other, draft)] == [False, False, True, False]
    assert audited(desk)["note.unpublish"] == 2
    assert int(stored(draft).version) == 1
    assert turn(desk, note, "publish").json["details"] == {"missing": ["FILE"]}
