"""Editors' lists of notes, many at once, drafts that go."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Any

import pytest

from chalicelib.content.files import AssetReference, FileAsset
from chalicelib.content.notes.items import Note
from chalicelib.platform import store
from tests.content.desk import Desk
from tests.content.notes.shelves import ADMIN, NOBODY, in_bulk, patch, stored, titles, turn
from tests.support.people import People
from tests.support.races import at_once, round_trips


def audited(desk: Desk) -> Counter[str]:
    """How often each action was audited."""
    return Counter(item["action"]["S"] for item in desk.cloud.items() if item["kind"]["S"] == "AuditEntry")


@pytest.mark.rule("NOTE-13")
def test_drafts_and_published_ones_together_last_changed_first(desk: Desk) -> None:
    subject, tag, file = desk.subject(), desk.tag(), {"fileAssetId": desk.file()}
    topic = desk.topic(subject)
    made: dict[str, dict[str, Any]] = {}
    for title, make, more in (
        ("One", desk.draft, {"subject": subject, "topicIds": [topic["id"]]}),
        ("Two", desk.note, {"isPremium": True, "tagIds": [tag["id"]]}),
        ("Three", desk.note, {"subject": subject}),
    ):
        made[title] = make(title=title, **more, **file)
        desk.cloud.advance(1)
    patch(desk, made["Two"], description="changed")
    listed = partial(titles, desk, desk.editor, ADMIN)
    desk.cloud.calls.clear()
    assert listed() == ["Two", "Three", "One"]
    assert [call.operation for call in desk.cloud.calls] == ["GetItem", "Query"]
    assert listed(subjectId=subject["id"]) == ["Three", "One"]
    assert listed(published="true") == ["Two", "Three"]
    assert listed(published="false") == listed(topicId=topic["id"]) == ["One"]
    assert listed(topicId=topic["id"], subjectId=subject["id"], premium="false") == ["One"]
    assert listed(premium="true") == listed(tagId=tag["id"]) == ["Two"]
    assert listed(topicId=NOBODY) == listed(subjectId=NOBODY) == []
    get = partial(desk.client.get, ADMIN, token=desk.editor.token)
    row = get(query={"topicId": topic["id"]}).json["items"][0]
    assert row["topics"] == [{"id": topic["id"], "name": topic["name"]}]
    assert (row["subjectName"], row["isPublished"], row["publishAt"]) == (subject["name"], False, None)
    wrong = get(query={"topicId": topic["id"], "subjectId": made["Two"]["subjectId"]}, expect=422)
    assert wrong.code == "TOPIC_NOT_IN_SUBJECT"
    assert get(query={"q": "rights"}, expect=422).code == "SEARCH_UNAVAILABLE"
    first = get(query={"limit": 2}).json
    rest = get(query={"limit": 2, "cursor": first["nextCursor"]}).json
    assert [one["title"] for one in rest["items"]] == ["One"]
    for person in (desk.people.student(), desk.people.admin("ADMIN_TEST")):
        desk.client.get(ADMIN, token=person.token, expect=403)


@pytest.mark.rule("NOTE-16", "NOTE-17", "NOTE-14")
def test_fifty_notes_are_published_each_for_itself(desk: Desk) -> None:
    note = desk.note()
    turn(desk, note, "unpublish", expect=200)
    ids = in_bulk(desk, note, [], 49)
    broken = ids[20]
    store.update(Note, Note.place(broken), [Note.page_count.set(0), Note.version.add(1)])
    for note_id in ids:
        place = AssetReference.place(note["file"]["fileAssetId"], "NOTE", note_id)
        store.put(
            AssetReference(
                *place, asset_id=place.pk[6:], ref_type="NOTE", ref_id=note_id, created_at=stored(note).created_at
            )
        )
    before, body = audited(desk), {"noteIds": [note["id"], *ids]}
    answer = desk.post(f"{ADMIN}/bulk-publish", body, 200).json
    assert (answer["published"], answer["failed"]) == (49, 1)
    assert [one["id"] for one in answer["results"]] == body["noteIds"]
    assert [one for one in answer["results"] if not one["ok"]] == [
        {"id": broken, "ok": False, "code": "NOTE_INCOMPLETE"}
    ]
    assert audited(desk) - before == {"note.publish": 49, "note.bulk_publish": 1}
    assert stored({"id": broken}).is_published is False
    (entry,) = [item for item in desk.cloud.items() if item.get("action", {}).get("S") == "note.bulk_publish"]
    assert entry["meta"]["M"]["counts"]["M"] == {"done": {"N": "49"}, "failed": {"N": "1"}}
    # Again: nothing changes, and nothing but that it was asked for is audited.
    desk.post(f"{ADMIN}/bulk-publish", body, 200)
    assert audited(desk) - before == {"note.publish": 49, "note.bulk_publish": 2}
    again = desk.post(f"{ADMIN}/bulk-unpublish", {"noteIds": [*ids[:3], NOBODY], "reason": "recall"}, 200).json
    assert [one["code"] for one in again["results"]] == [None, None, None, "NOTE_NOT_FOUND"]
    assert (again["unpublished"], again["failed"]) == (3, 1)
    assert audited(desk)["note.unpublish"] == 4


@pytest.mark.rule("NOTE-16", "NOTE-17", "HTTP-40")
def test_what_a_bulk_request_must_not_be(desk: Desk, people: People) -> None:
    note = desk.draft()
    ids = [f"01M7W40Q13T1PHW4JDV27B5Z{n:02d}" for n in range(51)]
    for verb in ("bulk-publish", "bulk-unpublish"):
        for wrong in (ids, [], [note["id"]] * 2, ["x"], "x"):
            desk.post(f"{ADMIN}/{verb}", {"noteIds": wrong}, 422)
        for person in (people.student(), desk.staff("notes.write", "notes.read")):
            desk.client.post(f"{ADMIN}/{verb}", json={"noteIds": [note["id"]]}, token=person.token, expect=403)
    assert int(stored(note).version) == 1
    statuses = [desk.post(f"{ADMIN}/bulk-publish", {"noteIds": [note["id"]]}).status for _ in range(11)]
    assert statuses[-1] == 429
    assert set(statuses[:-1]) <= {200, 429}


@pytest.mark.rule("NOTE-16")
def test_bulk_requests_at_once_publish_once(desk: Desk) -> None:
    subject, file = desk.subject(), {"fileAssetId": desk.file()}
    ids = [desk.draft(subject=subject, **file)["id"] for _ in range(4)]
    orders = (ids, ids[::-1], ids)
    answers = at_once([partial(desk.post, f"{ADMIN}/bulk-publish", {"noteIds": order}, 200) for order in orders])
    assert {one["code"] for answer in answers for one in answer.json["results"]} <= {None, "CONFLICT"}
    assert audited(desk)["note.publish"] == 4
    assert {int(stored({"id": note_id}).version) for note_id in ids} == {2}


@pytest.mark.rule("NOTE-18")
def test_a_draft_is_deleted_with_its_references_and_a_published_note_is_not(desk: Desk, people: People) -> None:
    note = desk.note(previewAllowed=True, previewPages=1)
    desk.cloud.drain()
    preview = FileAsset.place(str(stored(note).preview_asset_id))
    asset_id, path = note["file"]["fileAssetId"], f"{ADMIN}/{note['id']}"
    assert desk.client.delete(path, token=desk.editor.token, expect=409).code == "NOTE_PUBLISHED"
    turn(desk, note, "unpublish", expect=200)
    at = "2099-01-01T00:00:00Z"
    patch(desk, note, publishAt=at)
    for person in (people.student(), desk.staff("notes.read")):
        desk.client.delete(path, token=person.token, expect=403)
    assert int(stored(note).version) == 4
    answers = at_once([partial(desk.client.delete, path, token=desk.editor.token)] * 4)
    assert sorted(answer.status for answer in answers) == [204, 404, 404, 404]
    asset = store.get(FileAsset, FileAsset.place(asset_id))
    assert asset is not None
    assert int(asset.references) == 0
    assert store.get(AssetReference, AssetReference.place(asset_id, "NOTE", note["id"])) is None
    gone = store.get(FileAsset, preview)
    assert gone is not None
    assert (gone.status, int(gone.references)) == ("DELETED", 0)
    assert audited(desk)["note.delete"] == 1
    assert titles(desk, desk.editor, ADMIN) == []
    desk.cloud.drain()
    assert [item for item in desk.cloud.items() if note["id"] in item["pk"]["S"] and "NOTE" in item["sk"]["S"]] == []


@pytest.mark.rule("NOTE-18", "NOTE-41")
def test_of_publishing_and_deleting_at_once_one_wins(desk: Desk) -> None:
    subject, file = desk.subject(), {"fileAssetId": desk.file()}
    for _ in range(4):
        note = desk.draft(subject=subject, **file)
        path = f"{ADMIN}/{note['id']}"
        answers: list[Any] = at_once(
            [partial(turn, desk, note, "publish"), partial(desk.client.delete, path, token=desk.editor.token)]
        )
        assert [answer.status for answer in answers] in ([200, 409], [404, 204])
        found = store.get(Note, Note.place(note["id"]))
        assert (found is not None) is (answers[0].status == 200)


@pytest.mark.rule("NOTE-13", "NOTE-46")
def test_the_editors_list_shows_a_change_at_once_in_two_round_trips(desk: Desk) -> None:
    note = desk.draft()
    desk.cloud.calls.clear()
    patch(desk, note, title="Another title")
    assert round_trips(list(desk.cloud.calls)) == 2
    assert titles(desk, desk.editor, ADMIN) == ["Another title"]
