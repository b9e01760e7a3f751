"""A whole syllabus in and out (TAX-42)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content.taxonomy.items import SubjectCount, SubjectKey
from chalicelib.platform import store
from tests.content.desk import Desk
from tests.content.taxonomy.syllabus import SUBJECTS, audited, change, in_bulk, kinds, listed
from tests.support.client import Response
from tests.support.people import People
from tests.support.races import at_once, just_before

IMPORT, EXPORT = "/v1/admin/taxonomy/import", "/v1/admin/taxonomy/export"
pytestmark = pytest.mark.rule("TAX-42")

SYLLABUS: list[dict[str, Any]] = [
    {
        "key": "polity",
        "name": "Indian Polity",
        "description": "Two lines,\nwith a comma",
        "topics": [
            {
                "name": "मौलिक अधिकार",
                "key": "rights",
                "children": [{"name": "Equality"}, {"name": "=Liberty", "isActive": False}],
            },
            {"name": "Parliament", "orderIndex": 5, "children": [{"name": "Houses", "children": [{"name": "Lower"}]}]},
        ],
    },
    {"key": "history", "name": "History", "isActive": False, "topics": []},
]


def send(desk: Desk, expect: int | None = 200, **body: Any) -> Response:
    """An import."""
    return desk.post(IMPORT, body, expect)


def taken_out(desk: Desk, **query: Any) -> dict[str, Any]:
    """An export."""
    found = desk.client.get(EXPORT, token=desk.editor.token, query=query, expect=200)
    return dict(found.json)


def outcomes(answer: Response) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """What became of subjects and topics, by key and by names."""
    return [
        (one["key"], one["outcome"], [("/".join(topic["path"]), topic["outcome"]) for topic in one["topics"]])
        for one in answer.json["subjects"]
    ]


def names(nodes: list[dict[str, Any]]) -> list[Any]:
    """Names inside each other."""
    return [[node["name"], *names(node["children"])] for node in nodes]


@pytest.fixture(autouse=True)
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """More imports than an editor makes in a minute."""
    monkeypatch.setenv("RATE_BULK", "off")


def test_a_dry_run_says_what_the_import_then_does_and_writes_nothing(desk: Desk) -> None:
    desk.subject(key="history", name="Old history")
    before = desk.cloud.items()
    dry = send(desk, subjects=SYLLABUS, dryRun=True)
    assert [item for item in desk.cloud.items() if not item["pk"]["S"].startswith("RATE#")] == [
        item for item in before if not item["pk"]["S"].startswith("RATE#")
    ]
    paths = ["मौलिक अधिकार", "मौलिक अधिकार/Equality", "मौलिक अधिकार/=Liberty", "Parliament", "Parliament/Houses"]
    created = [(path, "CREATED") for path in [*paths, "Parliament/Houses/Lower"]]
    assert outcomes(dry) == [("polity", "CREATED", created), ("history", "CHANGED", [])]
    assert (dry.json["dryRun"], dry.json["subjects"][0]["created"]) == (True, 6)
    assert [topic["id"] for topic in dry.json["subjects"][0]["topics"]] == [None] * 6
    real = send(desk, subjects=SYLLABUS)
    assert outcomes(real) == outcomes(dry)
    polity = real.json["subjects"][0]
    found = listed(desk, polity)
    assert [one["id"] for one in found] == [
        polity["topics"][position]["id"] for position in (3, 4, 5, 0, 1, 2)
    ]  # Parliament is the fifth
    rows = [(one["name"], one["orderIndex"], one["isActive"], one["key"], one["depth"]) for one in found[:4]]
    assert rows[0] == ("Parliament", 5, True, None, 1)
    assert rows[3] == ("मौलिक अधिकार", 10, True, "rights", 1)
    assert (found[5]["isActive"], found[2]["depth"]) == (False, 3)
    shown = {one["key"]: one for one in desk.client.get(SUBJECTS, token=desk.editor.token).json["items"]}
    assert (shown["polity"]["topicCount"], shown["history"]["isActive"], shown["history"]["name"]) == (
        6,
        False,
        "History",
    )
    assert audited(desk.cloud).count("topic.import") == 1


def test_an_import_repeated_changes_nothing_and_another_changes_only_what_it_names(desk: Desk) -> None:
    first = send(desk, subjects=SYLLABUS)
    written = kinds(desk.cloud, "Subject", "Topic", "TopicKey", "AuditEntry")
    again = send(desk, subjects=SYLLABUS)
    assert {outcome for _, outcome, topics in outcomes(again) for outcome in (outcome, *dict(topics).values())} == {
        "UNCHANGED"
    }
    assert kinds(desk.cloud, "Subject", "Topic", "TopicKey", "AuditEntry") == written
    ids = {tuple(one["path"]): one["id"] for one in first.json["subjects"][0]["topics"]}
    assert {tuple(one["path"]): one["id"] for one in again.json["subjects"][0]["topics"]} == ids
    houses = {"name": "Both houses", "key": "houses"}
    moved = send(
        desk,
        subjects=[
            {
                "key": "polity",
                "topics": [{"name": "Rights", "key": "rights", "children": [{"name": "HOUSES", "key": "houses"}]}],
            }
        ],
    )
    assert outcomes(moved)[0][2] == [("Rights", "CHANGED"), ("Rights/HOUSES", "CREATED")]
    polity = first.json["subjects"][0]
    change(desk, ids["Parliament", "Houses"], 200, key="both")
    send(desk, subjects=[{"key": "polity", "topics": [{"name": "Top", "children": [{**houses, "key": "both"}]}]}])
    tree = taken_out(desk, subjectId=polity["id"])["subjects"][0]
    assert names(tree["topics"]) == [
        ["Parliament"],
        ["Rights", ["Equality"], ["=Liberty"], ["HOUSES"]],
        ["Top", ["Both houses", ["Lower"]]],
    ]
    assert tree["name"] == "Indian Polity"


@pytest.mark.parametrize("form", ["JSON", "CSV"])
def test_what_is_taken_out_brings_in_the_same(desk: Desk, form: str) -> None:
    made = send(desk, subjects=SYLLABUS).json["subjects"][0]
    desk.topic(made, name="Equality", parentId=made["topics"][0]["id"], orderIndex=10)
    out = taken_out(desk, format=form)
    assert [name for name, value in out.items() if value is not None] == [{"JSON": "subjects", "CSV": "csv"}[form]]
    again = send(desk, **out)
    assert {topic["outcome"] for one in again.json["subjects"] for topic in one["topics"]} == {"UNCHANGED"}
    desk.cloud.reset()
    fresh = Desk(desk.cloud, desk.client, desk.people)
    send(fresh, **out)
    assert taken_out(fresh, format=form) == out
    alone = taken_out(fresh, format="JSON", subjectId=kinds(desk.cloud, "Subject")[0]["id"]["S"])
    assert len(alone["subjects"]) == 1


def test_a_sheet_from_a_spreadsheet_is_read(desk: Desk) -> None:
    text = (
        "\ufeffsubjectKey;subject;topic1;topic2;key;isActive\r\n"
        "polity;Indian Polity;;;;yes\r\n"
        "polity;;Rights;Equality;;\r\n"
        'polity;;"Rights";"Liberty; and more";liberty;no\r\n'
        ";;;;;\r\n"
        "polity;;Rights;;rights;\r\n"
    )
    answer = send(desk, csv=text)
    assert outcomes(answer)[0][2] == [
        (path, "CREATED") for path in ("Rights", "Rights/Equality", "Rights/Liberty; and more")
    ]
    rights, _, liberty = listed(desk, answer.json["subjects"][0])
    assert (rights["key"], liberty["key"], liberty["isActive"]) == ("rights", "liberty", False)


@pytest.mark.parametrize(
    ("body", "issues"),
    [
        ({}, {"body": "VALUE_ERROR"}),
        ({"subjects": [{"key": "new"}], "csv": "subjectKey\nx"}, {"body": "VALUE_ERROR"}),
        ({"subjects": []}, {"body.subjects": "TOO_SHORT"}),
        ({"subjects": [{"key": "new"}]}, {"body.subjects[0].name": "REQUIRED"}),
        ({"subjects": [{"key": "polity"}, {"key": "polity"}]}, {"body.subjects[1].key": "DUPLICATE"}),
        (
            {"subjects": [{"key": "polity", "topics": [{"name": "A", "key": "k"}, {"name": "B", "key": "k"}]}]},
            {"body.subjects[0].topics[1].key": "DUPLICATE"},
        ),
        (
            {"subjects": [{"key": "polity", "topics": [{"name": "", "children": [{"name": "B", "key": "K"}]}]}]},
            {
                "body.subjects[0].topics[0].name": "STRING_TOO_SHORT",
                "body.subjects[0].topics[0].children[0].key": "STRING_PATTERN_MISMATCH",
            },
        ),
        ({"csv": "subject,topic1\nPolity,A"}, {"body.csv[1]": "COLUMNS"}),
        ({"csv": "subjectKey,colour\npolity,red"}, {"body.csv[1]": "COLUMNS"}),
        ({"csv": "subjectKey"}, {"body": "SUBJECTS"}),
        ({"csv": 'subjectKey,topic1\npolity,"A'}, {"body.csv[2]": "UNREADABLE"}),
        (
            {"csv": "subjectKey,topic1,topic2,orderIndex\npolity,,B,\npolity,A,,x\npolity,A,,1,more\nPolity,A,,"},
            {
                "body.csv[2].topic2": "GAP",
                "body.csv[3].orderIndex": "INT_PARSING",
                "body.csv[4]": "TOO_MANY_CELLS",
                "body.csv[5].subjectKey": "STRING_PATTERN_MISMATCH",
            },
        ),
        ({"csv": "subjectKey,key\npolity,k"}, {"body.csv[2].key": "NO_TOPIC"}),
        ({"csv": f"subjectKey,topic1\npolity,{'n' * 161}"}, {"body.csv[2].topic1": "STRING_TOO_LONG"}),
        (
            {"csv": "subjectKey,topic1,topic2,topic3,topic4,topic5\npolity,A,B,C,D,E"},
            {"body.csv[2]": "TOO_DEEP"},
        ),
        (
            {"csv": "subjectKey,topic1\n" + "\n".join(f"polity,T{number}" for number in range(1_001))},
            {"body": "TOO_MANY_TOPICS"},
        ),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(desk: Desk, body: Any, issues: dict[str, str]) -> None:
    desk.subject(key="polity")
    before = kinds(desk.cloud, "Subject", "Topic", "AuditEntry")
    for dry in (True, False):
        assert send(desk, 422, **body, dryRun=dry).issues == issues
    assert kinds(desk.cloud, "Subject", "Topic", "AuditEntry") == before


def test_the_bounds_of_a_subject_hold_for_what_is_there_and_what_comes(desk: Desk) -> None:
    subject = desk.subject(key="polity")
    top = desk.topic(subject, name="Top", key="top")["id"]
    middle = desk.topic(subject, name="Middle", parentId=top)["id"]
    desk.topic(subject, name="Bottom", parentId=middle)
    deep = [{"name": "New", "children": [{"name": "Newer", "children": [{"name": "Top", "key": "top"}]}]}]
    place = "body.subjects[0].topics[0].children[0].children[0]"
    assert send(desk, 422, subjects=[{"key": "polity", "topics": deep}]).issues == {place: "TOO_DEEP"}
    in_bulk(subject, [top] * 199)
    two = [{"name": "Top", "key": "top", "children": [{"name": "One more"}]}]
    under = "body.subjects[0].topics[0].children[0]"
    assert send(desk, 422, subjects=[{"key": "polity", "topics": two}]).issues == {under: "TOO_MANY_CHILDREN"}
    flat = [{"name": f"Flat {number}"} for number in range(799)]
    full = send(desk, 422, subjects=[{"key": "polity", "topics": flat}])
    assert full.issues == {"body.subjects[0]": "TOO_MANY_TOPICS"}
    store.update(SubjectCount, SubjectCount.place(), [SubjectCount.number.set(200)])
    assert send(desk, 409, subjects=[{"key": "new", "name": "New"}]).code == "TOO_MANY_SUBJECTS"
    assert len(kinds(desk.cloud, "Topic")) == 202


def test_a_large_syllabus_comes_in_whole_and_goes_on_where_it_was_interrupted(desk: Desk) -> None:
    topics = [
        {"name": f"Unit {unit}", "key": f"u-{unit}", "children": [{"name": f"Part {one}"} for one in range(24)]}
        for unit in range(8)
    ]
    body = {"subjects": [{"key": "polity", "name": "Polity", "topics": topics}]}
    desk.cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=4, skip=3)
    assert send(desk, 503, **body).code == "UNAVAILABLE"
    (one,) = send(desk, **body).json["subjects"]
    assert (one["created"], one["unchanged"], len(listed(desk, one))) == (140, 60, 200)
    assert audited(desk.cloud).count("topic.import") == 7
    desk.cloud.drain()
    (tree,) = desk.client.get("/v1/taxonomy/tree", token=desk.student().token).json["items"]
    assert [len(unit["children"]) for unit in tree["topics"]] == [24] * 8
    assert [unit["name"] for unit in tree["topics"]] == [f"Unit {number}" for number in range(8)]


def test_an_import_that_others_meet_is_planned_again(desk: Desk) -> None:
    subject = desk.subject(key="polity")
    body = {"subjects": [{"key": "polity", "topics": [{"name": "One", "children": [{"name": "Two"}]}]}]}
    with just_before("TransactWriteItems", lambda: desk.topic(subject, name="One", key="one")):
        send(desk, **body)
    assert [(one["name"], one["depth"]) for one in listed(desk, subject)] == [("One", 1), ("Two", 2)]
    answers = at_once([partial(send, desk, **body, expect=None)] * 3)
    assert {answer.status for answer in answers} == {200}
    new = {"subjects": [{"key": "new", "name": "New", "topics": [{"name": "A"}, {"name": "B"}]}]}
    answers = at_once([partial(send, desk, **new, expect=None)] * 2)
    assert sorted(answer.code or "" for answer in answers) in (["", ""], ["", "SUBJECT_KEY_TAKEN"])
    claim = store.get(SubjectKey, SubjectKey.place("new"))
    assert claim is not None
    assert [one["name"] for one in listed(desk, {"id": claim.subject_id})] == ["A", "B"]


def test_only_content_managers_bring_in_and_staff_take_out(desk: Desk, people: People) -> None:
    desk.subject(key="polity")
    body = {"subjects": [{"key": "polity", "topics": [{"name": "X"}]}]}
    reader = people.admin("ADMIN_TEST")
    for person in (people.student(), reader):
        desk.client.post(IMPORT, json=body, token=person.token, expect=403)
    desk.client.get(EXPORT, token=people.student().token, expect=403)
    out = desk.client.get(EXPORT, token=reader.token, expect=200).json
    assert out["subjects"][0]["topics"] == []
    unknown = desk.client.get(EXPORT, token=reader.token, query={"subjectId": reader.id}, expect=404)
    assert unknown.code == "SUBJECT_NOT_FOUND"
