"""Notes in the syllabus: where lists find them, what counts them, and how they follow it."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content.notes import following, projecting
from chalicelib.content.notes.items import Note
from chalicelib.content.taxonomy import Tag
from chalicelib.platform import store
from chalicelib.platform.ids import new_ulid
from tests.content.desk import Desk
from tests.content.notes.shelves import (
    NOBODY,
    counted,
    in_bulk,
    links,
    patch,
    stored,
    tagged,
    titles,
    turn,
)
from tests.content.taxonomy import syllabus
from tests.content.taxonomy.syllabus import change
from tests.support.races import at_once, just_before


def nested(desk: Desk, subject: dict[str, Any], depth: int) -> list[dict[str, Any]]:
    """Topics, each under the one before it."""
    made: list[dict[str, Any]] = []
    for _ in range(depth):
        made.append(desk.topic(subject, **({"parentId": made[-1]["id"]} if made else {})))
    return made


@pytest.mark.rule("NOTE-30", "NOTE-31", "TAX-41")
def test_a_note_hangs_under_its_topics_those_above_and_its_tags_as_it_is_now(desk: Desk) -> None:
    subject, tag, other = desk.subject(), desk.tag(), desk.tag()
    top, middle, low = nested(desk, subject, 3)
    aside = desk.topic(subject)
    note = desk.draft(subject=subject, topicIds=[low["id"], aside["id"]], tagIds=[tag["id"]])
    desk.cloud.drain()
    drafts = {one["id"]: ("DRAFT", one in (low, aside)) for one in (top, middle, low, aside)}
    assert links(note) == {**drafts, tag["id"]: ("DRAFT", True)}
    assert stored(note).topic_path_ids == [top["id"], middle["id"], low["id"], aside["id"]]
    assert (counted(subject, low), counted(subject, middle), tagged(tag)) == ((1, 0), (0, 0), (1, 0))
    turn(desk, note, "publish", expect=200)
    desk.cloud.drain()
    assert {state for state, _ in links(note).values()} == {"PUB"}
    assert (counted(subject, low), counted(subject, aside), tagged(tag)) == ((0, 1), (0, 1), (1, 1))
    patch(desk, note, topicIds=[middle["id"]], tagIds=[other["id"]])
    desk.cloud.drain()
    assert links(note) == {top["id"]: ("PUB", False), middle["id"]: ("PUB", True), other["id"]: ("PUB", True)}
    assert [counted(subject, one) for one in (top, middle, low, aside)] == [(0, 0), (0, 1), (0, 0), (0, 0)]
    assert (tagged(tag), tagged(other)) == ((0, 0), (1, 1))
    turn(desk, note, "unpublish", expect=200)
    desk.cloud.drain()
    assert (counted(subject, middle), tagged(other)) == ((1, 0), (1, 0))
    desk.client.delete(f"/v1/admin/notes/{note['id']}", token=desk.editor.token, expect=204)
    desk.cloud.drain()
    assert store.every(Note.with_links(note["id"])) == []
    assert (counted(subject, middle), tagged(other)) == ((0, 0), (0, 0))


@pytest.mark.rule("NOTE-30", "TAX-41")
def test_however_often_and_in_whatever_order_a_change_is_told_it_counts_once(desk: Desk) -> None:
    subject, tag = desk.subject(), desk.tag()
    topics = [desk.topic(subject) for _ in range(3)]
    note = desk.draft(subject=subject, topicIds=[one["id"] for one in topics], tagIds=[tag["id"]])
    assert sorted(at_once([partial(projecting.reconcile, note["id"])] * 6))[-1] == 4
    assert projecting.reconcile(note["id"]) == 0
    # Right before the links of the draft are turned, somebody publishes and takes a topic away: the older one loses.
    turn(desk, note, "publish", expect=200)

    def meanwhile() -> None:
        patch(desk, note, topicIds=[topics[0]["id"]])

    with just_before("TransactWriteItems", meanwhile):
        projecting.reconcile(note["id"])
    desk.cloud.drain()
    assert links(note) == {topics[0]["id"]: ("PUB", True), tag["id"]: ("PUB", True)}
    assert [counted(subject, one) for one in topics] == [(0, 1), (0, 0), (0, 0)]
    assert tagged(tag) == (1, 1)


@pytest.mark.rule("NOTE-30")
def test_a_note_with_all_that_it_can_hang_on(desk: Desk) -> None:
    subject = desk.subject()
    topics: list[Any] = [None] * 10
    for _ in range(4):
        topics = syllabus.in_bulk(subject, topics)
    tags = [new_ulid() for _ in range(10)]
    for tag_id in tags:
        store.put(Tag(*Tag.place(tag_id), id=tag_id, key=tag_id.lower(), name="Tag"))
    note = desk.draft(subject=subject, topicIds=topics, tagIds=tags)
    desk.cloud.drain()
    assert len(links(note)) == 50
    other = desk.subject()
    patch(desk, note, subjectId=other["id"], topicIds=[], tagIds=[])
    desk.cloud.drain()
    assert links(note) == {}


@pytest.mark.rule("NOTE-01", "NOTE-46", "TAX-33", "TAX-34")
def test_lists_by_topic_and_tag(desk: Desk) -> None:
    subject, other, tag = desk.subject(), desk.subject(), desk.tag()
    top, low = nested(desk, subject, 2)
    aside = desk.topic(subject)
    file = {"fileAssetId": desk.file()}
    desk.note(subject=subject, title="Low", topicIds=[low["id"]], tagIds=[tag["id"]], isPremium=True, **file)
    desk.cloud.advance(1)
    desk.note(subject=subject, title="Top", topicIds=[top["id"], aside["id"]], **file)
    desk.note(subject=other, title="Other", tagIds=[tag["id"]], language="hi", **file)
    desk.draft(subject=subject, title="Draft", topicIds=[top["id"]], **file)
    desk.cloud.drain()
    student = desk.student()
    listed = partial(titles, desk, student)
    assert listed(topicId=top["id"]) == ["Top"]
    assert listed(topicId=top["id"], includeSubtopics="true") == ["Top", "Low"]
    assert listed(topicId=low["id"], subjectId=subject["id"], tagId=tag["id"], premium="true") == ["Low"]
    assert set(listed(tagId=tag["id"])) == {"Low", "Other"}
    assert listed(tagId=tag["id"], subjectId=other["id"]) == listed(tagId=tag["id"], language="hi") == ["Other"]
    wrong = desk.client.get(
        "/v1/notes", token=student.token, query={"subjectId": other["id"], "topicId": top["id"]}, expect=422
    )
    assert (wrong.code, wrong.issues) == ("TOPIC_NOT_IN_SUBJECT", {"query.topicId": "TOPIC_NOT_IN_SUBJECT"})
    # What is hidden is hidden at once, whatever the notes themselves say.
    change(desk, top["id"], isActive=False)
    assert listed(topicId=top["id"]) == listed(topicId=low["id"], subjectId=subject["id"]) == []
    assert listed(topicId=aside["id"]) == ["Top"]
    desk.client.patch(
        f"/v1/admin/subjects/{subject['id']}", json={"isActive": False}, token=desk.editor.token, expect=200
    )
    assert listed(subjectId=subject["id"]) == listed(topicId=aside["id"]) == []
    assert len(listed()) == 3
    desk.cloud.drain()
    assert listed() == listed(tagId=tag["id"]) == ["Other"]


@pytest.mark.rule("NOTE-31", "TAX-35")
def test_notes_follow_topics_that_are_moved_renamed_and_hidden(desk: Desk) -> None:
    subject = desk.subject()
    first, second = desk.topic(subject, name="First"), desk.topic(subject, name="Second")
    moved = desk.topic(subject, name="Moved", parentId=first["id"])
    below = desk.topic(subject, name="Below", parentId=moved["id"])
    note = desk.note(subject=subject, isPremium=True, topicIds=[below["id"], second["id"]])
    entitled = desk.student({"topicIds": [second["id"]]}), desk.student({"topicIds": [first["id"]]})
    shown = desk.client.get(f"/v1/notes/{note['id']}", token=entitled[1].token, expect=200).json
    assert [topic["path"] for topic in shown["topics"]] == [["First", "Moved", "Below"], ["Second"]]
    patch(desk, note, topicIds=[below["id"]])
    desk.cloud.drain()
    for reader, status in zip(entitled, (403, 201), strict=True):
        assert desk.open(note, reader, json={"acceptNotice": 1}).status == status
    change(desk, moved["id"], 200, parentId=second["id"], name="Was moved")
    desk.cloud.drain()
    for reader, status in zip(entitled, (201, 403), strict=True):
        assert desk.open(note, reader, json={"acceptNotice": 1}).status == status
    assert titles(desk, entitled[0], topicId=second["id"], includeSubtopics="true") == [note["title"]]
    assert titles(desk, entitled[0], topicId=first["id"], includeSubtopics="true") == []
    before = stored(note)
    assert before.topic_path_ids == [second["id"], moved["id"], below["id"]]
    change(desk, moved["id"], 200, isActive=False)
    desk.cloud.drain()
    shown = desk.client.get(f"/v1/notes/{note['id']}", token=entitled[0].token, expect=200).json
    assert shown["topics"] == []
    assert int(stored(note).version) == int(before.version) + 1
    assert following.follow_subject(subject["id"]) == 0
    assert int(stored(note).version) == int(before.version) + 1


@pytest.mark.rule("NOTE-31")
def test_a_tree_that_changes_while_notes_follow_it_has_the_last_word(desk: Desk) -> None:
    subject = desk.subject()
    topic = desk.topic(subject, name="One")
    note = desk.draft(subject=subject, topicIds=[topic["id"]])
    change(desk, topic["id"], 200, name="Two")
    # Told of a state that is over: the one that came after it is told of too.
    assert following.follow_subject(subject["id"], told=2) == 0
    with just_before("TransactWriteItems", partial(change, desk, topic["id"], 200, name="Three")):
        assert following.follow_subject(subject["id"]) == 2
    assert [one["name"] for one in stored(note).topics] == ["Three"]
    # An editor's write computed from the tree as it was is made again from the one that it is.
    with just_before("TransactWriteItems", partial(change, desk, topic["id"], 200, name="Four")):
        patch(desk, note, topicIds=[])
    with just_before("TransactWriteItems", partial(change, desk, topic["id"], 200, name="Five")):
        assert patch(desk, note, topicIds=[topic["id"]]).json["topics"][0]["name"] == "Five"


@pytest.mark.rule("TAX-21", "TAX-34")
def test_the_notes_of_a_subject_follow_it_in_chunks_and_from_where_they_stopped(desk: Desk) -> None:
    subject = desk.subject()
    note = desk.note(subject=subject)
    ids = in_bulk(desk, note, [], 29)
    path = f"/v1/admin/subjects/{subject['id']}"
    desk.client.patch(path, json={"isActive": False, "name": "Hidden"}, token=desk.editor.token, expect=200)
    desk.cloud.fault("dynamodb", "TransactWriteItems", "ValidationException", times=1)
    with pytest.raises(Exception, match="ValidationException"):
        following.follow_subject(subject["id"])
    assert 0 < following.follow_subject(subject["id"]) < 30
    assert following.follow_subject(subject["id"]) == 0
    student = desk.student({"kind": "ALL"})
    assert desk.client.get(f"/v1/notes/{ids[7]}", token=student.token, expect=404).code == "NOTE_NOT_FOUND"
    assert desk.open({"id": ids[28]}, student, json={"acceptNotice": 1}).status == 404
    desk.client.patch(path, json={"isActive": True}, token=desk.editor.token, expect=200)
    assert following.follow_subject(subject["id"]) == 30
    shown = desk.client.get(f"/v1/notes/{ids[7]}", token=student.token, expect=200).json
    assert shown["subject"]["name"] == "Hidden"
    assert len(titles(desk, student, subjectId=subject["id"], limit=100)) == 30


@pytest.mark.rule("NOTE-30", "TAX-14")
def test_a_tag_that_goes_while_it_is_put_on_a_note_comes_off_it(desk: Desk) -> None:
    tag, kept = desk.tag(), desk.tag()
    note = desk.note(tagIds=[tag["id"], kept["id"]])
    # It went before its link was there: whoever takes it off the notes that carry it does not find this one.
    store.delete(Tag, Tag.place(tag["id"]))
    assert following.let_go_of_tag(tag["id"]) == 0
    projecting.reconcile(note["id"])
    assert (stored(note).tag_ids, tagged(tag), tagged(kept)) == ([kept["id"]], (0, 0), (1, 1))
    assert links(note) == {kept["id"]: ("PUB", True)}
    following.untag(note["id"], tag["id"])
    following.untag(NOBODY, tag["id"])
    assert int(stored(note).version) == 3
