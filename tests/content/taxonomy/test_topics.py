"""Topics through their functions: what may be made of them, and what may not."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content.taxonomy import NOTES, QUESTIONS, count_topic, tree_of
from chalicelib.content.taxonomy.items import TopicKey
from chalicelib.platform import store
from tests.content.desk import Desk
from tests.content.taxonomy.syllabus import NOBODY, SUBJECTS, TOPICS, audited, change, in_bulk, kinds, listed, stored
from tests.support.people import People
from tests.support.races import at_once, just_before, round_trips


@pytest.mark.rule("TAX-05")
def test_a_topic_is_created_with_its_key_the_number_of_topics_and_an_audit_entry(desk: Desk) -> None:
    subject = desk.subject()
    desk.cloud.calls.clear()
    body = {"name": "मौलिक अधिकार", "key": "rights"}
    answer = desk.post(f"{SUBJECTS}/{subject['id']}/topics", body, 201)
    assert round_trips(list(desk.cloud.calls), counters=False) == 3  # card, tree, transaction
    made = answer.json
    assert (made["name"], made["key"], made["parentId"]) == ("मौलिक अधिकार", "rights", None)
    assert (made["orderIndex"], made["isActive"], made["version"], made["warnings"]) == (10, True, 1, [])
    assert (answer.headers["location"], answer.headers["etag"]) == (f"{TOPICS}/{made['id']}", '"v1"')
    under = desk.topic(subject, parentId=made["id"], orderIndex=0, isActive=False)
    assert (under["parentId"], under["orderIndex"], under["isActive"]) == (made["id"], 0, False)
    assert (desk.topic(subject)["orderIndex"], desk.topic(subject, parentId=made["id"])["orderIndex"]) == (20, 10)
    assert audited(desk.cloud).count("topic.create") == 4
    (shown,) = desk.client.get(SUBJECTS, token=desk.editor.token).json["items"]
    assert (shown["topicCount"], shown["version"]) == (4, 1)


@pytest.mark.rule("TAX-30")
def test_what_breaks_a_rule_of_a_topic_is_named(desk: Desk) -> None:
    subject = desk.subject()
    wrong: list[tuple[str, Any]] = [
        ("name", ""),
        ("name", "n" * 161),
        ("key", "Rights"),
        ("key", "r" * 49),
        ("orderIndex", 1_000_000),
        ("orderIndex", -1),
        ("isActive", 1),
        ("parentId", "nonsense"),
        ("colour", "red"),
    ]
    for member, value in wrong:
        answer = desk.post(f"{SUBJECTS}/{subject['id']}/topics", {"name": "Fine", member: value}, 422)
        assert list(answer.issues) == [f"body.{member}"], member
    assert kinds(desk.cloud, "Topic", "TopicKey") == []
    longest = desk.topic(subject, name="न" * 160, key="k" * 48, orderIndex=999_999)
    assert (longest["name"], desk.topic(subject)["orderIndex"]) == ("न" * 160, 999_999)


@pytest.mark.rule("TAX-30")
def test_siblings_may_share_a_name_and_are_told_of_it_but_no_two_topics_a_key(desk: Desk) -> None:
    subject, other = desk.subject(), desk.subject()
    first = desk.topic(subject, name="Économie", key="economy")
    second = desk.topic(subject, name="économie")
    assert (first["warnings"], second["warnings"]) == ([], ["SAME_NAME"])
    assert desk.topic(subject, name="Économie", parentId=first["id"])["warnings"] == []
    path = f"{SUBJECTS}/{subject['id']}/topics"
    assert desk.post(path, {"name": "X", "key": "economy"}, 409).code == "TOPIC_KEY_TAKEN"
    assert change(desk, second["id"], 409, key="economy").code == "TOPIC_KEY_TAKEN"
    assert desk.topic(other, key="economy")["key"] == "economy"
    assert stored(subject, second["id"]).key is None
    change(desk, first["id"], 200, key="economics")
    change(desk, second["id"], 200, key="economy")
    change(desk, first["id"], 200, key=None)
    claims = {
        item["sk"]["S"]: item["topic_id"]["S"]
        for item in desk.cloud.items(f"SUBJECT#{subject['id']}")
        if item["kind"]["S"] == "TopicKey"
    }
    assert claims == {"TOPICKEY#economy": second["id"]}
    store.put(TopicKey(*TopicKey.place(subject["id"], "held"), topic_id=NOBODY))
    assert desk.post(path, {"name": "X", "key": "held"}, 409).code == "TOPIC_KEY_TAKEN"


@pytest.mark.rule("TAX-05", "TAX-30")
def test_of_topics_created_at_once_all_count_and_each_key_is_there_once(desk: Desk) -> None:
    subject = desk.subject()
    path = f"{SUBJECTS}/{subject['id']}/topics"
    bodies: list[dict[str, Any]] = [{"name": "A", "key": "one"}] * 2 + [{"name": f"B{number}"} for number in range(3)]
    answers = at_once([partial(desk.post, path, body) for body in bodies])
    assert sorted(answer.status for answer in answers) == [201, 201, 201, 201, 409]
    assert [answer.code for answer in answers if answer.status == 409] == ["TOPIC_KEY_TAKEN"]
    (shown,) = desk.client.get(SUBJECTS, token=desk.editor.token).json["items"]
    assert shown["topicCount"] == len(listed(desk, subject)) == audited(desk.cloud).count("topic.create") == 4


@pytest.mark.rule("TAX-31")
def test_a_parent_is_of_the_same_subject(desk: Desk) -> None:
    subject, other = desk.subject(), desk.subject()
    own, foreign = desk.topic(subject), desk.topic(other)
    before = len(desk.cloud.items())
    for parent in (foreign["id"], NOBODY, subject["id"]):
        answers = (
            desk.post(f"{SUBJECTS}/{subject['id']}/topics", {"name": "X", "parentId": parent}, 422),
            change(desk, own["id"], 422, parentId=parent),
        )
        for answer in answers:
            assert (answer.code, answer.issues) == (
                "PARENT_NOT_IN_SUBJECT",
                {"body.parentId": "PARENT_NOT_IN_SUBJECT"},
            )
    assert (len(desk.cloud.items()), stored(subject, own["id"]).parent_id) == (before, None)


@pytest.mark.rule("TAX-31")
def test_depth_counts_the_whole_subtree_that_moves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    subject = desk.subject()
    chain = [desk.topic(subject)["id"]]
    for _ in range(3):
        chain.append(desk.topic(subject, parentId=chain[-1])["id"])
    deep = desk.post(f"{SUBJECTS}/{subject['id']}/topics", {"name": "X", "parentId": chain[-1]}, 422)
    assert deep.code == "TOO_DEEP"
    top, under = desk.topic(subject)["id"], None
    under = desk.topic(subject, parentId=top)["id"]
    for parent, expected in ((chain[2], "TOO_DEEP"), (chain[3], "TOO_DEEP"), (chain[1], None)):
        assert change(desk, top, parentId=parent).code == expected
    assert [(one["id"], one["depth"]) for one in listed(desk, subject)][2:4] == [(chain[2], 3), (chain[3], 4)]
    assert stored(subject, under).parent_id == top
    monkeypatch.setenv("TOPIC_MAX_DEPTH", "5")
    assert desk.topic(subject, parentId=chain[-1])["parentId"] == chain[-1]


@pytest.mark.rule("TAX-31")
def test_a_subject_has_a_thousand_topics_and_a_topic_two_hundred_right_under_it(desk: Desk) -> None:
    subject = desk.subject()
    (parent,) = in_bulk(subject, [None])
    under = in_bulk(subject, [parent] * 199)
    path, body = f"{SUBJECTS}/{subject['id']}/topics", {"name": "X", "parentId": parent}
    answers = at_once([partial(desk.post, path, body)] * 2)
    assert sorted((answer.status, answer.code or "") for answer in answers) == [(201, ""), (409, "TOO_MANY_CHILDREN")]
    outside = desk.topic(subject)["id"]
    assert change(desk, outside, 409, parentId=parent).code == "TOO_MANY_CHILDREN"
    change(desk, under[0], 200, name="Within its place")
    in_bulk(subject, under[:160] * 4 + under[:157])
    answers = at_once([partial(desk.post, path, {"name": "X"})] * 2)
    assert sorted((answer.status, answer.code or "") for answer in answers) == [(201, ""), (409, "TOO_MANY_TOPICS")]
    assert len(tree_of(subject["id"]).topics) == 1_000


@pytest.mark.rule("TAX-06")
def test_only_what_is_named_of_a_topic_changes(desk: Desk) -> None:
    subject = desk.subject()
    parent, made = desk.topic(subject), desk.topic(subject, key="kept", orderIndex=7)
    desk.cloud.calls.clear()
    moved = change(desk, made["id"], 200, parentId=parent["id"])
    assert round_trips(list(desk.cloud.calls), counters=False) == 4  # card, whose topic, tree, transaction
    assert moved.headers["etag"] == '"v2"'
    same = ("id", "subjectId", "key", "name", "orderIndex", "isActive", "createdAt")
    assert {name: moved.json[name] for name in same} == {name: made[name] for name in same}
    assert change(desk, made["id"], 200, parentId=parent["id"]).json["version"] == 2
    assert change(desk, made["id"], 200).json["version"] == 2
    back = change(desk, made["id"], 200, parentId=None, name="New", isActive=False, orderIndex=3).json
    assert (back["parentId"], back["name"], back["isActive"], back["orderIndex"]) == (None, "New", False, 3)
    assert audited(desk.cloud).count("topic.update") == 2
    for members in ({"subjectId": subject["id"]}, {"name": None}, {"orderIndex": None}, {"isActive": None}):
        assert list(change(desk, made["id"], 422, **members).issues) == [f"body.{next(iter(members))}"]
    for topic_id in (NOBODY, subject["id"], "nonsense"):
        assert change(desk, topic_id, 404, name="X").code == "TOPIC_NOT_FOUND"
    unknown = desk.post(f"{SUBJECTS}/{NOBODY}/topics", {"name": "X"}, 404)
    assert unknown.code == "SUBJECT_NOT_FOUND"


@pytest.mark.rule("TAX-06", "HTTP-19")
def test_of_changes_at_once_of_one_version_one_is_refused_and_without_a_version_all_stay(desk: Desk) -> None:
    subject = desk.subject()
    made = desk.topic(subject)
    conditional = partial(change, desk, made["id"], headers={"If-Match": '"v1"'})
    answers = at_once([partial(conditional, name=name) for name in ("One", "Two")])
    assert sorted(answer.status for answer in answers) == [200, 412]
    assert next(answer for answer in answers if answer.status == 412).json["details"] == {"version": 2}
    free: list[dict[str, Any]] = [{"name": "Named"}, {"orderIndex": 77}, {"key": "keyed"}]
    assert {answer.status for answer in at_once([partial(change, desk, made["id"], **one) for one in free])} == {200}
    topic = stored(subject, made["id"])
    assert (topic.name, topic.order_index, topic.key, topic.version) == ("Named", 77, "keyed", 5)


@pytest.mark.rule("TAX-32")
def test_a_topic_is_never_moved_under_itself_or_what_is_under_it(desk: Desk) -> None:
    subject = desk.subject()
    top = desk.topic(subject)["id"]
    middle = desk.topic(subject, parentId=top)["id"]
    bottom = desk.topic(subject, parentId=middle)["id"]
    for moved, under in ((top, top), (top, middle), (top, bottom), (middle, bottom)):
        assert change(desk, moved, 422, parentId=under).code == "TOPIC_CYCLE"
    assert [stored(subject, one).parent_id for one in (top, middle, bottom)] == [None, top, middle]


@pytest.mark.rule("TAX-32")
def test_of_two_crossing_moves_one_is_refused(desk: Desk) -> None:
    subject = desk.subject()
    one, two = desk.topic(subject)["id"], desk.topic(subject)["id"]
    for _ in range(15):
        answers = at_once([partial(change, desk, one, parentId=two), partial(change, desk, two, parentId=one)])
        assert sorted(answer.code or "" for answer in answers) == ["", "TOPIC_CYCLE"]
        tree = tree_of(subject["id"])
        assert sorted(str(topic.id) for topic in tree.depth_first()) == sorted((one, two))
        lower = one if tree.topics[one].parent_id else two
        change(desk, lower, 200, parentId=None)


@pytest.mark.rule("TAX-32")
def test_the_loser_of_the_narrowest_race_reads_what_the_winner_wrote(desk: Desk) -> None:
    subject = desk.subject()
    one, two = desk.topic(subject)["id"], desk.topic(subject)["id"]
    with just_before("TransactWriteItems", lambda: change(desk, two, 200, parentId=one)):
        assert change(desk, one, 422, parentId=two).code == "TOPIC_CYCLE"
    assert (stored(subject, one).parent_id, stored(subject, two).parent_id) == (None, one)


@pytest.mark.rule("TAX-07", "TAX-40")
def test_staff_see_all_topics_depth_first_in_one_query(desk: Desk, people: People) -> None:
    subject = desk.subject(name="Polity")
    second = desk.topic(subject, name="Second", orderIndex=20)["id"]
    tie = desk.topic(subject, name="ähnlich", orderIndex=10)["id"]
    first = desk.topic(subject, name="Zuerst", orderIndex=5, isActive=False)["id"]
    under = desk.topic(subject, name="Under", parentId=first)["id"]
    also = desk.topic(subject, name="Beside", orderIndex=10)["id"]
    reader = people.admin("ADMIN_TEST")
    desk.cloud.calls.clear()
    answer = desk.client.get(TOPICS, token=reader.token, query={"subjectId": subject["id"]}, expect=200).json
    assert round_trips(list(desk.cloud.calls), counters=False) == 2
    assert (answer["subject"]["name"], answer["subject"]["topicCount"]) == ("Polity", 5)
    assert [one["id"] for one in answer["items"]] == [first, under, tie, also, second]
    assert [(one["depth"], one["isShown"]) for one in answer["items"]][:3] == [(1, False), (2, False), (1, True)]
    asked = {"active": [("true", [under, tie, also, second]), ("false", [first])], "parentId": [(first, [under])]}
    for name, cases in asked.items():
        for value, expected in cases:
            assert [one["id"] for one in listed(desk, subject, **{name: value})] == expected
    refused = partial(desk.client.get, TOPICS, token=desk.editor.token)
    assert refused(query={"subjectId": NOBODY}, expect=404).code == "SUBJECT_NOT_FOUND"
    assert list(refused(expect=422).issues) == ["query.subjectId"]
    foreign = refused(query={"subjectId": subject["id"], "parentId": NOBODY}, expect=422)
    assert (foreign.code, list(foreign.issues)) == ("PARENT_NOT_IN_SUBJECT", ["query.parentId"])


@pytest.mark.rule("TAX-41")
def test_each_topic_shows_how_much_hangs_on_it_from_counters(desk: Desk) -> None:
    subject = desk.subject()
    topic, other = desk.topic(subject)["id"], desk.topic(subject)["id"]

    def count(kind: Any, **by: int) -> None:
        tx = store.Transaction()
        count_topic(tx, subject["id"], topic, kind, **by)
        tx.commit()

    at_once([partial(count, NOTES, draft=1)] * 4)
    count(NOTES, draft=-1, published=1)
    count(QUESTIONS, published=2)
    empty = store.Transaction()
    count_topic(empty, subject["id"], other, NOTES, draft=0)
    assert len(empty) == 0
    desk.cloud.calls.clear()
    counted, untouched = listed(desk, subject)
    assert (counted["notes"], counted["questions"]) == ({"draft": 3, "published": 1}, {"draft": 0, "published": 2})
    assert untouched["notes"] == untouched["questions"] == {"draft": 0, "published": 0}
    assert [call.operation for call in desk.cloud.calls if call.service == "dynamodb"].count("Query") == 1


@pytest.mark.rule("TAX-41")
def test_a_notes_topics_are_counted_as_it_is_written_and_published(desk: Desk) -> None:
    subject = desk.subject()
    topic = desk.topic(subject)["id"]
    draft = desk.draft(subject=subject, topicIds=[topic])
    desk.cloud.drain()
    assert [one["notes"] for one in listed(desk, subject)] == [{"draft": 1, "published": 0}]
    desk.post(f"/v1/admin/notes/{draft['id']}/publish", expect=200)
    desk.cloud.drain()
    assert [one["notes"] for one in listed(desk, subject)] == [{"draft": 0, "published": 1}]


@pytest.mark.rule("TAX-08")
def test_topics_get_new_places_all_or_none(desk: Desk) -> None:
    subject = desk.subject()
    ids = in_bulk(subject, [None] * 90)
    path = f"{SUBJECTS}/{subject['id']}/topics/reorder"
    wanted = [{"id": one, "orderIndex": 900 - number} for number, one in enumerate(ids)]
    before = kinds(desk.cloud, "Topic")
    foreign = desk.topic(desk.subject())["id"]
    for items, field, issue in (
        ([*wanted[:2], wanted[0]], "body.items[2].id", "DUPLICATE"),
        ([*wanted[:2], {"id": foreign, "orderIndex": 1}], "body.items[2].id", "TOPIC_NOT_FOUND"),
        ([*wanted, {"id": NOBODY, "orderIndex": 1}], "body.items", "TOO_LONG"),
        ([], "body.items", "TOO_SHORT"),
    ):
        assert desk.post(path, {"items": items}, 422).issues == {field: issue}
    assert [one for one in kinds(desk.cloud, "Topic") if one["id"]["S"] != foreign] == before
    answer = desk.post(path, {"items": wanted}, 200).json["items"]
    assert [one["id"] for one in answer] == ids[::-1] == [one["id"] for one in listed(desk, subject)]
    assert {one["version"] for one in answer} == {2}
    assert desk.post(path, {"items": wanted}, 200).json["items"] == answer
    assert audited(desk.cloud).count("topic.reorder") == 1
    with just_before("TransactWriteItems", lambda: change(desk, ids[0], 200, name="Meanwhile")):
        desk.post(path, {"items": [{"id": ids[0], "orderIndex": 1}]}, 200)
    assert (stored(subject, ids[0]).name, stored(subject, ids[0]).order_index) == ("Meanwhile", 1)
    assert desk.post(f"{SUBJECTS}/{NOBODY}/topics/reorder", {"items": wanted}, 404).code == "SUBJECT_NOT_FOUND"


@pytest.mark.rule("TAX-04")
def test_subjects_get_new_places_all_or_none(desk: Desk) -> None:
    made = [desk.subject() for _ in range(3)]
    path = f"{SUBJECTS}/reorder"
    wanted = [{"id": one["id"], "orderIndex": 30 - number} for number, one in enumerate(made)]
    before = kinds(desk.cloud, "Subject")
    for items, issue in (
        ([*wanted[:2], wanted[0]], "DUPLICATE"),
        ([*wanted[:2], {"id": NOBODY, "orderIndex": 1}], "SUBJECT_NOT_FOUND"),
    ):
        assert desk.post(path, {"items": items}, 422).issues == {"body.items[2].id": issue}
    assert kinds(desk.cloud, "Subject") == before
    answer = desk.post(path, {"items": wanted}, 200).json["items"]
    assert [one["id"] for one in answer] == [one["id"] for one in made[::-1]]
    assert answer == desk.client.get(SUBJECTS, token=desk.editor.token).json["items"]
    desk.post(path, {"items": wanted}, 200)
    assert audited(desk.cloud).count("subject.reorder") == 1
    rename = partial(
        desk.client.patch, f"{SUBJECTS}/{made[0]['id']}", json={"name": "Meanwhile"}, token=desk.editor.token
    )
    with just_before("TransactWriteItems", rename):
        (moved,) = desk.post(path, {"items": [{"id": made[0]["id"], "orderIndex": 1}]}, 200).json["items"]
    assert (moved["name"], moved["orderIndex"], moved["version"]) == ("Meanwhile", 1, 4)


@pytest.mark.rule("TAX-04", "TAX-05", "TAX-06", "TAX-08")
def test_only_content_managers_change_topics(desk: Desk, people: People) -> None:
    subject = desk.subject()
    topic = desk.topic(subject)
    body = {"items": [{"id": topic["id"], "orderIndex": 1}]}
    for person in (people.student(), people.admin("ADMIN_TEST")):
        call = partial(desk.client.call, token=person.token, expect=403)
        call("POST", f"{SUBJECTS}/{subject['id']}/topics", json={"name": "X"})
        call("POST", f"{SUBJECTS}/{subject['id']}/topics/reorder", json=body)
        call("POST", f"{SUBJECTS}/reorder", json={"items": [{"id": subject["id"], "orderIndex": 1}]})
        call("PATCH", f"{TOPICS}/{topic['id']}", json={"name": "X"})
    desk.client.get(TOPICS, token=people.student().token, query={"subjectId": subject["id"]}, expect=403)
    assert [one["name"] for one in listed(desk, subject)] == [topic["name"]]


@pytest.mark.rule("TAX-09")
def test_only_a_topic_that_nothing_lies_under_or_names_is_removed(desk: Desk, people: People) -> None:
    subject = desk.subject()
    top = desk.topic(subject, key="top")["id"]
    under = desk.topic(subject, parentId=top)["id"]
    draft = desk.draft(subject=subject, topicIds=[under])
    desk.cloud.drain()

    def remove(topic_id: str, expect: int) -> Any:
        return desk.client.delete(f"{TOPICS}/{topic_id}", token=desk.editor.token, expect=expect)

    desk.client.delete(f"{TOPICS}/{under}", token=people.admin("ADMIN_TEST").token, expect=403)
    for topic_id, users in (
        (top, {"topics": 1, "notes": 0, "questions": 0}),
        (under, {"topics": 0, "notes": 1, "questions": 0}),
    ):
        refused = remove(topic_id, 409)
        assert (refused.code, refused.json["details"]) == ("TOPIC_IN_USE", users)
    assert (len(listed(desk, subject)), audited(desk.cloud).count("topic.delete")) == (2, 0)
    desk.client.patch(f"/v1/admin/notes/{draft['id']}", json={"topicIds": []}, token=desk.editor.token, expect=200)
    desk.cloud.drain()
    remove(under, 204)
    assert remove(under, 404).code == "TOPIC_NOT_FOUND"
    with just_before("TransactWriteItems", lambda: desk.topic(subject, parentId=top)):
        assert remove(top, 409).json["details"]["topics"] == 1
    (_, late) = listed(desk, subject)
    remove(late["id"], 204)
    remove(top, 204)
    assert listed(desk, subject) == []
    (shown,) = desk.client.get(SUBJECTS, token=desk.editor.token).json["items"]
    assert (shown["topicCount"], kinds(desk.cloud, "Topic", "TopicKey", "TopicCount")) == (0, [])
    assert desk.topic(subject, key="top")["key"] == "top"
