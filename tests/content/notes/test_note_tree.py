"""A subject's notes under its topics."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.content.notes import tree as trees
from chalicelib.content.progress import NoteProgress
from chalicelib.content.progress.items import placed
from chalicelib.content.taxonomy import QUESTIONS, count_topic
from chalicelib.platform import clock, store
from tests.content.desk import Desk
from tests.content.notes.shelves import NOBODY, in_bulk
from tests.content.taxonomy import syllabus
from tests.content.taxonomy.syllabus import change
from tests.support.people import Person


def grown(desk: Desk, reader: Person, subject: dict[str, Any], **query: object) -> dict[str, Any]:
    """The tree of a subject."""
    wanted = {"subjectId": subject["id"], **query}
    found: dict[str, Any] = desk.client.get("/v1/notes/tree", token=reader.token, query=wanted, expect=200).json
    return found


def outline(topics: list[dict[str, Any]]) -> list[Any]:
    """Names of topics with titles of notes, nested."""
    return [(one["name"], [note["title"] for note in one["notes"]], outline(one["children"])) for one in topics]


def read_up_to(note_id: str, reader: Person, page: int) -> None:
    """Put how far somebody got."""
    values = {"note_id": note_id, "subject_id": NOBODY, "last_page_read": page, "furthest_page": page}
    values |= {"total_pages": 3, "percent_complete": 33.3, "last_read_at": clock.now()}
    store.put(NoteProgress(*NoteProgress.place(reader.id, note_id), **values, **placed(reader.id, values)))


@pytest.mark.rule("NOTE-02")
def test_a_note_stands_under_each_of_its_topics(desk: Desk) -> None:
    subject, file = desk.subject(), {"fileAssetId": desk.file()}
    first = desk.topic(subject, name="First", orderIndex=20)
    second = desk.topic(subject, name="Second", orderIndex=10)
    below = desk.topic(subject, name="Below", parentId=first["id"])
    hidden = desk.topic(subject, name="Hidden", parentId=below["id"])
    desk.note(subject=subject, title="Last", topicIds=[first["id"]], orderIndex=9, **file)
    both = desk.note(subject=subject, title="Both", topicIds=[first["id"], below["id"]], isPremium=True, **file)
    desk.cloud.advance(1)
    desk.note(subject=subject, title="Newer", topicIds=[first["id"], hidden["id"]], **file)
    desk.note(subject=subject, title="Lost", topicIds=[hidden["id"]], **file)
    desk.note(subject=subject, title="Loose", **file)
    desk.draft(subject=subject, title="Draft", topicIds=[first["id"]], **file)
    change(desk, below["id"], 200, isActive=False)
    desk.cloud.drain()
    student, entitled = desk.student(), desk.student({"noteIds": [both["id"]]})
    found = grown(desk, student, subject)
    assert found["subject"] == {"id": subject["id"], "key": subject["key"], "name": subject["name"]}
    assert outline(found["topics"]) == [("Second", [], []), ("First", ["Newer", "Both", "Last"], [])]
    assert {one["title"] for one in found["unassignedNotes"]} == {"Lost", "Loose"}
    assert (found["truncated"], found["topics"][0]["id"]) == (False, second["id"])
    change(desk, below["id"], 200, isActive=True)
    found = grown(desk, entitled, subject)
    under = [("Below", ["Both"], [("Hidden", ["Lost", "Newer"], [])])]
    lowest = found["topics"][1]["children"][0]["children"][0]["notes"]
    lowest.sort(key=lambda note: str(note["title"]))
    assert outline(found["topics"]) == [("Second", [], []), ("First", ["Newer", "Both", "Last"], under)]
    assert [note["locked"] for note in found["topics"][1]["notes"]] == [False, False, False]
    assert [note["locked"] for note in grown(desk, student, subject)["topics"][1]["notes"]] == [False, True, False]
    shown = grown(desk, student, subject)["topics"][1]["notes"]
    assert [note["denyReason"] for note in shown] == [None, "NO_ENTITLEMENT", None]
    assert found["topics"][1]["notes"][0]["progress"] is None


@pytest.mark.rule("NOTE-02", "NOTE-46", "TAX-34")
def test_a_subject_that_students_do_not_see_has_no_tree(desk: Desk) -> None:
    subject, student = desk.subject(), desk.student()
    note = desk.note(subject=subject)
    assert len(grown(desk, student, subject)["unassignedNotes"]) == 1
    desk.post(f"/v1/admin/notes/{note['id']}/unpublish", expect=200)
    assert grown(desk, student, subject)["unassignedNotes"] == []
    path = f"/v1/admin/subjects/{subject['id']}"
    desk.client.patch(path, json={"isActive": False}, token=desk.editor.token, expect=200)
    for subject_id in (subject["id"], NOBODY):
        answer = desk.client.get("/v1/notes/tree", token=student.token, query={"subjectId": subject_id}, expect=404)
        assert answer.code == "SUBJECT_NOT_FOUND"
    for query in ({}, {"subjectId": "x"}, {"subjectId": NOBODY, "include": "all"}):
        desk.client.get("/v1/notes/tree", token=student.token, query=query, expect=422)
    desk.client.get("/v1/notes/tree", query={"subjectId": subject["id"]}, expect=401)


@pytest.mark.rule("NOTE-02", "NOTE-70")
def test_two_queries_however_many_topics_and_notes(desk: Desk) -> None:
    subject, student = desk.subject(), desk.student()
    topics = syllabus.in_bulk(subject, [None] * 150)
    ids = in_bulk(desk, desk.note(subject=subject), topics, 400)
    for query, operations in (({}, 2), ({"include": "progress"}, 3)):
        read_up_to(ids[0], student, 1)
        desk.cloud.calls.clear()
        found = grown(desk, student, subject, **query)
        calls = list(desk.cloud.calls)
        # After the card; which of them waits for which is left to the machine.
        assert [call.operation for call in calls] == ["GetItem", *["Query"] * operations]
        named = [note for topic in found["topics"] for note in topic["notes"]]
        assert (len(named), len(found["unassignedNotes"]), found["truncated"]) == (400, 1, False)
        read = [note for note in named if note["progress"] and note["progress"]["furthestPage"]]
        assert [note["id"] for note in read] == (ids[:1] if query else [])


@pytest.mark.rule("NOTE-02")
def test_what_is_too_much_is_cut_and_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    subject, student = desk.subject(), desk.student()
    topics = syllabus.in_bulk(subject, [None] * 2)
    in_bulk(desk, desk.note(subject=subject), topics, 30)
    for limit, most in (("MAX_NOTES", 10), ("MAX_PLACES", 20)):
        with monkeypatch.context() as patched:
            patched.setattr(trees, limit, most)
            found = grown(desk, student, subject)
        assert sum(len(topic["notes"]) for topic in found["topics"]) + len(found["unassignedNotes"]) == most
        assert found["truncated"] is True


@pytest.mark.rule("NOTE-75")
def test_a_note_says_how_much_there_is_to_practise_on_its_topics(desk: Desk) -> None:
    subject, student = desk.subject(), desk.student()
    topics = [desk.topic(subject)["id"] for _ in range(3)]
    note = desk.note(subject=subject, topicIds=topics[:2])

    def practice(one: dict[str, Any]) -> Any:
        return desk.client.get(f"/v1/notes/{one['id']}", token=student.token, expect=200).json["practice"]

    assert practice(note) == practice(desk.note(subject=subject)) == {"questions": 0}
    for topic_id, published in zip(topics, (3, 4, 50), strict=True):
        tx = store.Transaction()
        count_topic(tx, subject["id"], topic_id, QUESTIONS, draft=1, published=published)
        tx.commit()
    desk.cloud.calls.clear()
    assert practice(note) == {"questions": 7}
    assert [call.operation for call in desk.cloud.calls] == ["BatchGetItem", "BatchGetItem"]
