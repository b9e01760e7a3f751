"""Tags through their functions."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content.taxonomy import count_tag
from chalicelib.content.taxonomy.items import TagTotal
from chalicelib.platform import store
from tests.content.desk import Desk
from tests.content.taxonomy.syllabus import NOBODY, TAGS, audited, kinds
from tests.support.client import Response
from tests.support.people import People
from tests.support.races import at_once, round_trips


def count(tag: dict[str, Any], **by: int) -> None:
    """Count notes on or off a tag."""
    tx = store.Transaction()
    count_tag(tx, tag["id"], **by)
    tx.commit()


def patch(desk: Desk, tag: dict[str, Any], members: dict[str, Any], **more: Any) -> Response:
    """A change of a tag."""
    return desk.client.patch(f"{TAGS}/{tag['id']}", json=members, token=desk.editor.token, **more)


def remove(desk: Desk, tag: dict[str, Any], **more: Any) -> Response:
    """The removal of a tag."""
    return desk.client.delete(f"{TAGS}/{tag['id']}", token=desk.editor.token, **more)


def total(desk: Desk) -> int:
    """How many tags there are, as they are counted."""
    found = store.get(TagTotal, TagTotal.place())
    return int(found.number) if found else 0


@pytest.mark.rule("TAX-13")
def test_a_tag_is_created_with_its_key_and_an_audit_entry(desk: Desk) -> None:
    answer = desk.post(TAGS, {"key": "prelims", "name": "प्रारंभिक परीक्षा"}, 201)
    made = answer.json
    assert (made["key"], made["name"], made["version"]) == ("prelims", "प्रारंभिक परीक्षा", 1)
    assert (answer.headers["location"], answer.headers["etag"]) == (f"{TAGS}/{made['id']}", '"v1"')
    assert audited(desk.cloud) == ["tag.create"]
    answers = at_once([partial(desk.post, TAGS, {"key": "mains", "name": "Mains"})] * 2)
    assert sorted((one.status, one.code or "") for one in answers) == [(201, ""), (409, "TAG_KEY_TAKEN")]
    assert (len(kinds(desk.cloud, "Tag")), len(kinds(desk.cloud, "TagKey")), total(desk)) == (2, 2, 2)


@pytest.mark.rule("TAX-30")
def test_what_breaks_a_rule_of_a_tag_is_named(desk: Desk) -> None:
    wrong = [("key", "Prelims"), ("key", ""), ("key", "k" * 49), ("name", ""), ("name", "n" * 61), ("colour", "red")]
    for member, value in wrong:
        answer = desk.post(TAGS, {"key": "ok", "name": "Fine", member: value}, 422)
        assert list(answer.issues) == [f"body.{member}"], member
    assert kinds(desk.cloud, "Tag", "TagKey", "TagTotal", "AuditEntry") == []
    assert desk.tag(name="न" * 60, key="k" * 48)["name"] == "न" * 60


@pytest.mark.rule("TAX-13")
def test_there_are_at_most_a_thousand_tags(desk: Desk) -> None:
    held = desk.tag()
    store.update(TagTotal, TagTotal.place(), [TagTotal.number.set(999)])
    bodies = [{"key": f"late-{number}", "name": "Late"} for number in range(3)]
    answers = at_once([partial(desk.post, TAGS, body) for body in bodies])
    assert sorted(answer.status for answer in answers) == [201, 409, 409]
    assert {answer.code for answer in answers if answer.status == 409} == {"TOO_MANY_TAGS"}
    assert len(kinds(desk.cloud, "Tag")) == 2
    remove(desk, held, expect=204)
    assert desk.post(TAGS, {"key": "room", "name": "Room"}).status == 201


@pytest.mark.rule("TAX-13", "HTTP-19")
def test_a_tag_is_renamed_and_another_key_frees_the_old_one(desk: Desk) -> None:
    first, second = desk.tag(key="one"), desk.tag(key="two")
    assert patch(desk, first, {"key": "two"}, expect=409).code == "TAG_KEY_TAKEN"
    changed = patch(desk, first, {"key": "three", "name": "Three"}, expect=200)
    assert (changed.json["key"], changed.json["name"], changed.headers["etag"]) == ("three", "Three", '"v2"')
    assert patch(desk, first, {"name": "Three"}, expect=200).json["version"] == 2
    patch(desk, second, {"key": "one"}, expect=200)
    claims = {one["pk"]["S"]: one["tag_id"]["S"] for one in kinds(desk.cloud, "TagKey")}
    assert claims == {"TAGKEY#three": first["id"], "TAGKEY#one": second["id"]}
    stale = patch(desk, first, {"name": "Late"}, headers={"If-Match": '"v1"'}, expect=412)
    assert stale.json["details"] == {"version": 2}
    free: list[dict[str, Any]] = [{"name": "Named"}, {"key": "keyed"}]
    assert {one.status for one in at_once([partial(patch, desk, first, members) for members in free])} == {200}
    assert audited(desk.cloud).count("tag.update") == 4
    assert patch(desk, {"id": NOBODY}, {"name": "X"}, expect=404).code == "TAG_NOT_FOUND"
    assert list(patch(desk, first, {"name": None}, expect=422).issues) == ["body.name"]


@pytest.mark.rule("TAX-13", "TAX-40")
def test_staff_list_tags_by_name_with_how_many_notes_carry_each(desk: Desk, people: People) -> None:
    for name in ("Übung", "Prelims", "ubungen", "Mains"):
        desk.tag(name=name)
    counted = desk.tag(name="Praxis")
    count(counted, notes=3, published=2)
    reader = people.admin("ADMIN_TEST")
    ask = partial(desk.client.get, TAGS, token=reader.token)
    names, cursor = [], None
    desk.cloud.calls.clear()
    while True:
        page = ask(query={"limit": 2, **({"cursor": cursor} if cursor else {})}, expect=200).json
        names += [one["name"] for one in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert names == ["Mains", "Praxis", "Prelims", "Übung", "ubungen"]
    assert round_trips(list(desk.cloud.calls), counters=False) == 9  # three pages: card, tags, counts
    for search, expected in (("ub", ["Übung", "ubungen"]), ("PR", ["Praxis", "Prelims"]), ("x", [])):
        assert [one["name"] for one in ask(query={"search": search}, expect=200).json["items"]] == expected
    (praxis,) = ask(query={"search": "praxis"}).json["items"]
    assert (praxis["notes"], praxis["published"]) == (3, 2)


@pytest.mark.rule("TAX-14")
def test_a_tag_in_use_goes_only_by_force(desk: Desk) -> None:
    unused, used = desk.tag(key="unused"), desk.tag(key="used")
    count(unused, notes=1)
    count(unused, notes=-1)
    count(used, notes=2)
    refused = remove(desk, used, expect=409)
    assert (refused.code, refused.json["details"]) == ("TAG_IN_USE", {"notes": 2})
    assert (total(desk), audited(desk.cloud).count("tag.delete")) == (2, 0)
    remove(desk, unused, expect=204)
    assert remove(desk, unused, expect=404).code == "TAG_NOT_FOUND"
    assert len(kinds(desk.cloud, "TagCount")) == 1
    answers = at_once([partial(remove, desk, used, query={"force": "true"})] * 2)
    assert sorted(answer.status for answer in answers) == [204, 404]
    assert (total(desk), kinds(desk.cloud, "Tag", "TagKey")) == (0, [])
    assert audited(desk.cloud).count("tag.delete") == 2
    assert desk.tag(key="used")["key"] == "used"


@pytest.mark.rule("TAX-14")
def test_notes_let_go_of_a_tag_that_went_by_force(desk: Desk) -> None:
    tag, kept = desk.tag(), desk.tag()
    note = desk.note(tagIds=[tag["id"], kept["id"]])
    desk.cloud.drain()
    assert remove(desk, tag, expect=409).json["details"] == {"notes": 1}
    remove(desk, tag, query={"force": "true"}, expect=204)
    desk.cloud.drain()
    shown = desk.client.get(f"/v1/admin/notes/{note['id']}", token=desk.editor.token, expect=200).json
    assert shown["tagIds"] == [kept["id"]]
    assert {int(one["notes"]["N"]) for one in kinds(desk.cloud, "TagCount")} == {0, 1}


@pytest.mark.rule("TAX-13")
def test_notes_call_a_tag_by_its_new_name(desk: Desk) -> None:
    tag, other = desk.tag(name="Before"), desk.tag(name="Other")
    note = desk.note(tagIds=[other["id"], tag["id"]])
    desk.cloud.drain()
    patch(desk, tag, {"name": "After"}, expect=200)
    desk.cloud.drain()
    shown = desk.client.get(f"/v1/notes/{note['id']}", token=desk.student().token, expect=200).json
    assert [one["name"] for one in shown["tags"]] == ["Other", "After"]


@pytest.mark.rule("TAX-15")
def test_students_see_the_tags_that_published_notes_carry(desk: Desk) -> None:
    names = ("Zeta", "Älpha", "Drafts only", "Nothing")
    zeta, alpha, draft, _ = [desk.tag(name=name) for name in names]
    for tag, published in ((zeta, 1), (alpha, 2), (draft, 0)):
        count(tag, notes=2, published=published)
    student = desk.student()
    desk.cloud.calls.clear()
    answer = desk.client.get("/v1/tags", token=student.token, expect=200)
    asked = [call.operation for call in desk.cloud.calls if not call.target.leading_keys[0].startswith("RATE#")]
    assert sorted(asked) == ["GetItem", "Query", "Query"]  # the card, then both at once
    assert answer.json["items"] == [{name: one[name] for name in ("id", "key", "name")} for one in (alpha, zeta)]
    etag = answer.headers["etag"]
    desk.client.get("/v1/tags", token=student.token, headers={"If-None-Match": etag}, expect=304)
    count(zeta, published=-1)
    fresh = desk.client.get("/v1/tags", token=student.token, headers={"If-None-Match": etag}, expect=200)
    assert [one["id"] for one in fresh.json["items"]] == [alpha["id"]]


@pytest.mark.rule("TAX-13", "TAX-14")
def test_only_content_managers_change_tags(desk: Desk, people: People) -> None:
    tag = desk.tag()
    for person in (people.student(), people.admin("ADMIN_TEST")):
        call = partial(desk.client.call, token=person.token, expect=403)
        call("POST", TAGS, json={"key": "x", "name": "X"})
        call("PATCH", f"{TAGS}/{tag['id']}", json={"name": "X"})
        call("DELETE", f"{TAGS}/{tag['id']}")
    desk.client.get(TAGS, token=people.student().token, expect=403)
    assert [one["name"]["S"] for one in kinds(desk.cloud, "Tag")] == [tag["name"]]
