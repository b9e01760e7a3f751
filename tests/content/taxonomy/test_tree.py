"""What students see of the syllabus: trees, topics, and how soon they follow a change."""

from __future__ import annotations

import json
import zlib
from functools import partial
from typing import Any

import pytest

from chalicelib.content.taxonomy import projection, tree_of
from chalicelib.content.taxonomy.items import SubjectTree
from chalicelib.platform import store
from chalicelib.platform.ids import new_ulid
from tests.content.desk import Desk
from tests.content.taxonomy.syllabus import NOBODY, SUBJECTS, change, in_bulk, kinds
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import just_before, round_trips

TREE = "/v1/taxonomy/tree"


def outline(nodes: list[dict[str, Any]]) -> list[Any]:
    """Names inside each other; refuses a node of another shape."""
    for node in nodes:
        assert set(node) == {"id", "key", "name", "orderIndex", "children"}
    return [[node["name"], *outline(node["children"])] for node in nodes]


def tree(desk: Desk, reader: Person, subject: dict[str, Any] | None = None, **more: Any) -> Response:
    """The tree as a student gets it."""
    query = {"subjectId": subject["id"]} if subject else {}
    return desk.client.get(TREE, token=reader.token, query=query, **more)


def patch(desk: Desk, subject: dict[str, Any], **members: Any) -> Response:
    """A change of a subject."""
    return desk.client.patch(f"{SUBJECTS}/{subject['id']}", json=members, token=desk.editor.token, expect=200)


@pytest.mark.rule("TAX-12", "TAX-40")
def test_the_tree_is_nested_and_of_one_shape_at_every_level(desk: Desk) -> None:
    later, subject = desk.subject(name="Later", orderIndex=20), desk.subject(name="इतिहास", orderIndex=10)
    tie = desk.subject(name="ändern", orderIndex=20)
    two = desk.topic(subject, name="Two", orderIndex=2)["id"]
    one = desk.topic(subject, name="One", orderIndex=1)["id"]
    for number, name in ((3, "zebra"), (3, "Ägypten"), (1, "प्रथम")):
        desk.topic(subject, name=name, parentId=one, orderIndex=number)
    desk.topic(subject, name="Deep", parentId=desk.topic(subject, name="Under", parentId=two)["id"])
    desk.cloud.drain()
    reader = desk.student()
    answer = tree(desk, reader, expect=200)
    assert [item["id"] for item in answer.json["items"]] == [subject["id"], tie["id"], later["id"]]
    (first, *_) = answer.json["items"]
    assert set(first) == {"id", "key", "name", "orderIndex", "iconAssetId", "topics"}
    expected = [["One", ["प्रथम"], ["Ägypten"], ["zebra"]], ["Two", ["Under", ["Deep"]]]]
    assert outline(first["topics"]) == expected
    assert answer.headers["cache-control"] == "private, max-age=60"
    alone = tree(desk, reader, subject, expect=200).json
    assert alone["items"] == [first]
    assert alone["version"] != answer.json["version"]
    assert tree(desk, reader, {"id": NOBODY}, expect=404).code == "SUBJECT_NOT_FOUND"


@pytest.mark.rule("TAX-12")
def test_thirty_subjects_and_two_thousand_topics_are_one_query_and_304(desk: Desk) -> None:
    subject = desk.subject(orderIndex=1)
    tops = in_bulk(subject, [None] * 17, name="A topic of the syllabus with a name of common length")
    in_bulk(subject, tops * 3, name="एक विषय जिसका नाम सामान्य लंबाई का है")
    desk.cloud.drain()
    made = store.get(SubjectTree, SubjectTree.place(subject["id"]))
    assert made is not None
    for _ in range(29):
        made.id = new_ulid()
        made.pk, made.sk = SubjectTree.place(made.id)
        store.put(made)
    reader = desk.student()
    with desk.cloud.calls.during() as calls:
        answer = tree(desk, reader, expect=200)
    tables = [call for call in calls if call.service == "dynamodb" and "RATE#" not in call.target.leading_keys[0]]
    assert [call.operation for call in tables] == ["GetItem", "Query"]
    topics = [len(node["children"]) + 1 for item in answer.json["items"] for node in item["topics"]]
    assert (len(answer.json["items"]), sum(topics)) == (30, 2_040)
    etag = answer.headers["etag"]
    assert etag == f'"{answer.json["version"]}"'
    again = tree(desk, reader, headers={"If-None-Match": etag}, expect=304)
    assert (again.body, again.headers["etag"]) == (b"", etag)
    patch(desk, subject, name="Other")
    desk.cloud.drain()
    assert tree(desk, reader, headers={"If-None-Match": etag}, expect=200).headers["etag"] != etag


@pytest.mark.rule("TAX-12")
def test_a_syllabus_too_large_for_one_answer_is_asked_for_by_subject(desk: Desk) -> None:
    subject, reader = desk.subject(), desk.student()
    desk.cloud.drain()
    rows = [[1, NOBODY, None, "n" * 160, number] for number in range(20_000)]
    packed = zlib.compress(json.dumps(rows).encode())
    place = SubjectTree.place(subject["id"])
    store.update(SubjectTree, place, [SubjectTree.packed.set(packed)])
    assert tree(desk, reader, expect=422).issues == {"query.subjectId": "REQUIRED"}


@pytest.mark.rule("TAX-11")
def test_the_topics_of_a_subject_are_a_flat_list_in_one_query(desk: Desk) -> None:
    subject, hidden = desk.subject(), desk.subject(isActive=False)
    last = desk.topic(subject, name="Last", orderIndex=30, key="last")
    under = desk.topic(subject, name="Under", orderIndex=20, parentId=last["id"])
    off = desk.topic(subject, name="Off", orderIndex=1, isActive=False)
    desk.topic(subject, name="Under off", orderIndex=1, parentId=off["id"])
    reader = desk.student()
    ask = partial(desk.client.get, "/v1/topics", token=reader.token)
    desk.cloud.calls.clear()
    answer = ask(query={"subjectId": subject["id"]}, expect=200)
    assert round_trips(list(desk.cloud.calls), counters=False) == 2
    assert answer.json["items"] == [
        {"id": under["id"], "key": None, "name": "Under", "orderIndex": 20, "parentId": last["id"]},
        {"id": last["id"], "key": "last", "name": "Last", "orderIndex": 30, "parentId": None},
    ]
    etag = answer.headers["etag"]
    ask(query={"subjectId": subject["id"]}, headers={"If-None-Match": etag}, expect=304)
    for nobody in (NOBODY, hidden["id"]):
        assert ask(query={"subjectId": nobody}, expect=404).code == "SUBJECT_NOT_FOUND"
    assert list(ask(expect=422).issues) == ["query.subjectId"]


@pytest.mark.rule("TAX-33")
def test_a_topic_that_is_not_active_hides_what_is_under_it_and_nothing_is_lost(desk: Desk) -> None:
    subject, reader = desk.subject(), desk.student()
    top = desk.topic(subject, name="Top")
    under = desk.topic(subject, name="Under", parentId=top["id"])
    beside = desk.topic(subject, name="Beside")
    note = desk.note(subject=subject, topicIds=[under["id"]])
    change(desk, top["id"], 200, isActive=False)
    desk.cloud.drain()
    assert outline(tree(desk, reader, expect=200).json["items"][0]["topics"]) == [["Beside"]]
    topics = desk.client.get("/v1/topics", token=reader.token, query={"subjectId": subject["id"]}).json["items"]
    assert [one["id"] for one in topics] == [beside["id"]]
    desk.client.get(f"/v1/notes/{note['id']}", token=reader.token, expect=200)
    change(desk, top["id"], 200, isActive=True)
    desk.cloud.drain()
    assert outline(tree(desk, reader).json["items"][0]["topics"]) == [["Top", ["Under"]], ["Beside"]]


@pytest.mark.rule("TAX-20", "TAX-36")
def test_the_tree_follows_every_change(desk: Desk) -> None:
    subject, reader = desk.subject(name="Before"), desk.student()
    desk.cloud.drain()
    assert tree(desk, reader, expect=200).json["items"][0]["topics"] == []
    topic = desk.topic(subject, name="One")
    other = desk.topic(subject, name="Two")
    steps: list[tuple[Any, list[Any]]] = [
        (lambda: change(desk, topic["id"], 200, name="Uno"), [["Uno"], ["Two"]]),
        (lambda: change(desk, topic["id"], 200, parentId=other["id"]), [["Two", ["Uno"]]]),
        (lambda: change(desk, topic["id"], 200, isActive=False), [["Two"]]),
        (lambda: patch(desk, subject, name="After", orderIndex=3), [["Two"]]),
    ]
    for happens, expected in steps:
        happens()
        desk.cloud.drain()
        (item,) = tree(desk, reader).json["items"]
        assert outline(item["topics"]) == expected
    assert (item["name"], item["orderIndex"]) == ("After", 3)
    patch(desk, subject, isActive=False)
    desk.cloud.drain()
    assert tree(desk, reader).json["items"] == []
    assert tree(desk, reader, subject, expect=404).code == "SUBJECT_NOT_FOUND"
    patch(desk, subject, isActive=True)
    desk.cloud.drain()
    assert outline(tree(desk, reader).json["items"][0]["topics"]) == [["Two"]]


@pytest.mark.rule("TAX-20")
def test_no_old_tree_comes_back_whatever_the_order_it_is_told_in(desk: Desk) -> None:
    subject, reader = desk.subject(), desk.student()
    topic = desk.topic(subject, name="One")
    slow = partial(projection.project, subject["id"], tree_of(subject["id"]).version)

    def overtaken() -> None:
        patch(desk, subject, isActive=False)
        desk.cloud.drain()

    with just_before("PutItem", overtaken):  # read while it was active, put when it no longer is
        slow()
    assert tree(desk, reader, expect=200).json["items"] == []
    patch(desk, subject, isActive=True)
    change(desk, topic["id"], 200, name="New")
    desk.cloud.drain()
    (before,) = kinds(desk.cloud, "SubjectTree")
    for told in (1, 2, 4):
        projection.project(subject["id"], told)
    assert kinds(desk.cloud, "SubjectTree") == [before]
    assert outline(tree(desk, reader).json["items"][0]["topics"]) == [["New"]]


@pytest.mark.rule("TAX-10", "TAX-11", "TAX-12", "TAX-15")
def test_all_of_the_syllabus_can_be_public(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = desk.subject()
    desk.cloud.drain()
    places: dict[str, dict[str, str]] = {
        "/v1/subjects": {},
        "/v1/topics": {"subjectId": subject["id"]},
        TREE: {},
        "/v1/tags": {},
    }
    for place, query in places.items():
        assert desk.client.get(place, query=query, expect=401).code == "TOKEN_MISSING"
    monkeypatch.setenv("TAXONOMY_PUBLIC", "true")
    for place, query in places.items():
        assert desk.client.get(place, query=query, expect=200).headers["cache-control"] == "public, max-age=300"


@pytest.mark.rule("TAX-35")
def test_content_names_topics_of_its_own_subject_as_they_are_when_it_is_written(desk: Desk) -> None:
    subject, other = desk.subject(), desk.subject()
    foreign, top = desk.topic(other)["id"], desk.topic(subject)["id"]
    moved = desk.topic(subject)["id"]
    body = {"subjectId": subject["id"], "title": "Rights", "isPremium": False, "fileAssetId": desk.file()}
    refused = desk.post("/v1/admin/notes", {**body, "topicIds": [foreign]}, 422)
    assert (refused.code, kinds(desk.cloud, "Note")) == ("TOPIC_NOT_IN_SUBJECT", [])
    with just_before("TransactWriteItems", lambda: change(desk, moved, 200, parentId=top)):
        desk.post("/v1/admin/notes", {**body, "topicIds": [moved]}, 201)
    (note,) = kinds(desk.cloud, "Note")
    assert [one["S"] for one in note["topic_path_ids"]["L"]] == [top, moved]
