"""Bookmarks and remarks: what readers keep beside notes."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.content.progress import Bookmarks, Remark
from chalicelib.identity.accounts import User
from chalicelib.identity.people import DeletionDue
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once

BOOK = pdf(52)
NOWHERE = "01M7W40Q13T1PHW4JDV27B5ZA4"


def keep(
    desk: Desk, method: str, reader: Person, note: dict[str, Any], page: object, text: str | None = None, **headers: str
) -> Response:
    """Set or take off a bookmark; with a text, or ``None`` for a removal, a remark."""
    what = "remarks" if text is not None else "bookmarks"
    body = {"text": text} if method == "PUT" and text is not None else None
    path = f"/v1/notes/{note['id']}/{what}/{page}"
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.client.call(method, path, json=body, token=reader.token, headers=sent)


def listed(desk: Desk, reader: Person, what: str, **query: object) -> dict[str, Any]:
    """A page of one's own."""
    found: dict[str, Any] = desk.client.get(f"/v1/notes/{what}", token=reader.token, query=query, expect=200).json
    return found


def marked(reader: Person) -> set[str]:
    """All bookmarks of a reader, as they are stored."""
    item = store.get(Bookmarks, Bookmarks.place(reader.id))
    return set(plain(item.pages)) if item is not None else set()


@pytest.mark.rule("NOTE-71")
def test_bookmarks_are_set_listed_and_taken_off(desk: Desk) -> None:
    note, other, student = desk.note(content=BOOK), desk.note(content=BOOK, title="Budget"), desk.student()
    assert listed(desk, student, "bookmarks") == {"items": [], "nextCursor": None}
    made = []
    for one, page in ((note, 7), (other, 52), (note, 1)):
        desk.cloud.advance(1)
        answer = keep(desk, "PUT", student, one, page)
        assert (answer.status, answer.json["page"]) == (200, page)
        made.append(answer.json)
    again = keep(desk, "PUT", student, note, 7).json
    assert again == made[0]
    found = listed(desk, student, "bookmarks")["items"]
    assert [(one["noteId"], one["page"]) for one in found] == [(note["id"], 1), (other["id"], 52), (note["id"], 7)]
    assert (found[1]["title"], found[1]["available"], found[2]["createdAt"]) == ("Budget", True, made[0]["createdAt"])
    assert len(listed(desk, student, "bookmarks", noteId=note["id"])["items"]) == 2
    first = listed(desk, student, "bookmarks", limit=2)
    rest = listed(desk, student, "bookmarks", limit=2, cursor=first["nextCursor"])
    assert (first["items"] + rest["items"], rest["nextCursor"]) == (found, None)
    for _ in range(2):
        assert keep(desk, "DELETE", student, note, 7).status == 204
    assert len(listed(desk, student, "bookmarks")["items"]) == 2
    assert listed(desk, desk.student(), "bookmarks")["items"] == []


@pytest.mark.rule("NOTE-71", "NOTE-73")
def test_what_is_kept_needs_a_page_that_one_may_read_and_outlives_it(desk: Desk) -> None:
    note, student, stranger = desk.note(content=BOOK, isPremium=True), desk.student({}), desk.student()
    for text in (None, "Why?"):
        for page in (0, 53, "x", "1.0", 100_000):
            assert keep(desk, "PUT", student, note, page, text).code == "PAGE_NOT_FOUND", page
        assert keep(desk, "DELETE", student, note, "x", text).code == "PAGE_NOT_FOUND"
        assert keep(desk, "PUT", stranger, note, 1, text).json["details"]["reason"] == "NO_ENTITLEMENT"
        for missing in (desk.draft(), {"id": NOWHERE}):
            assert keep(desk, "PUT", student, missing, 1, text).code == "NOTE_NOT_FOUND"
    assert (marked(student), marked(stranger)) == (set(), set())
    assert store.every(Remark.of(student.id)) == store.every(Remark.of(stranger.id)) == []
    for page in (3, 4):
        keep(desk, "PUT", student, note, page)
        keep(desk, "PUT", student, note, page, "Why?")
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.entitlements.set({})])
    desk.post(f"/v1/admin/notes/{note['id']}/unpublish", expect=200)
    shown = listed(desk, student, "bookmarks")["items"]
    assert [(one["page"], one["title"], one["available"]) for one in shown] == [(4, None, False), (3, None, False)]
    assert len(listed(desk, student, "remarks")["items"]) == 2
    for text in (None, "Why?"):
        assert keep(desk, "DELETE", student, note, 3, text).status == 204
    assert marked(student) == {f"{note['id']}#4"}
    assert [int(one.page) for one in store.every(Remark.of(student.id))] == [4]


@pytest.mark.rule("NOTE-71")
def test_there_are_never_more_than_five_hundred(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    at = clock.iso(clock.now())
    place = Bookmarks.place(student.id)
    store.put(Bookmarks(place.pk, place.sk, pages={f"{NOWHERE}#{page}": at for page in range(1, 499)}))
    answers = at_once([partial(keep, desk, "PUT", student, note, page) for page in range(1, 9)])
    assert sorted(answer.status for answer in answers) == [200] * 2 + [409] * 6
    refused = next(answer for answer in answers if answer.status == 409)
    assert (refused.code, refused.json["details"]) == ("TOO_MANY_BOOKMARKS", {"most": 500})
    assert len(marked(student)) == 500
    kept = next(answer.json["page"] for answer in answers if answer.status == 200)
    assert keep(desk, "PUT", student, note, kept).status == 200
    assert len(listed(desk, student, "bookmarks", limit=100)["items"]) == 100
    assert keep(desk, "DELETE", student, note, kept).status == 204
    assert keep(desk, "PUT", student, note, 50).status == 200


@pytest.mark.rule("NOTE-71")
def test_the_first_bookmarks_of_several_devices_all_stay(desk: Desk) -> None:
    note, student = desk.note(content=BOOK), desk.student()
    answers = at_once([partial(keep, desk, "PUT", student, note, page) for page in (1, 2, 3, 4, 1)])
    assert {answer.status for answer in answers} == {200}
    assert marked(student) == {f"{note['id']}#{page}" for page in (1, 2, 3, 4)}
    assert answers[0].json == answers[4].json


@pytest.mark.rule("NOTE-73")
def test_remarks_are_written_over_and_read_by_their_writer_alone(desk: Desk) -> None:
    note, student, other = desk.note(content=BOOK), desk.student(), desk.student()
    text = "अनुच्छेद 32\nसे तुलना <b>करें</b>"
    first = keep(desk, "PUT", student, note, 12, text)
    assert (first.status, first.headers["etag"], first.json["text"]) == (200, '"v1"', text)
    keep(desk, "PUT", student, note, 2, "x" * 2_000)
    keep(desk, "PUT", other, note, 12, "mine")
    desk.cloud.advance(5)
    second = keep(desk, "PUT", student, note, 12, "Shorter", If_Match='"v1"')
    assert (second.json["createdAt"], second.headers["etag"]) == (first.json["createdAt"], '"v2"')
    assert second.json["updatedAt"] > first.json["updatedAt"]
    stale = keep(desk, "PUT", student, note, 12, "Lost", If_Match='"v1"')
    assert (stale.status, stale.json["details"]) == (412, {"version": 2})
    assert keep(desk, "PUT", student, note, 30, "Lost", If_Match='"v1"').status == 412
    found = listed(desk, student, "remarks")["items"]
    assert [(one["page"], one["text"]) for one in found] == [(2, "x" * 2_000), (12, "Shorter")]
    assert found[1] == second.json
    assert listed(desk, student, "remarks", noteId=NOWHERE)["items"] == []
    page = listed(desk, student, "remarks", limit=1)
    assert listed(desk, student, "remarks", limit=1, cursor=page["nextCursor"])["items"] == found[1:]
    for wrong in ("", "   ", "x" * 2_001, "a\x00b", "a\u202eb"):
        assert keep(desk, "PUT", student, note, 12, wrong).issues, wrong
    for _ in range(2):
        assert keep(desk, "DELETE", student, note, 12, "").status == 204
    assert [one["page"] for one in listed(desk, student, "remarks")["items"]] == [2]
    assert len(listed(desk, other, "remarks")["items"]) == 1


@pytest.mark.rule("USR-40", "NOTE-73")
def test_what_was_kept_goes_with_the_account(desk: Desk) -> None:
    note, readers = desk.note(content=BOOK), [desk.student(), desk.student()]
    for reader in readers:
        keep(desk, "PUT", reader, note, 1)
        keep(desk, "PUT", reader, note, 1, "Why?")
    gone, stays = readers
    due = clock.now() - timedelta(hours=1)
    store.update(User, User.place(gone.id), [User.deletion_due_at.set(due)])
    store.put(DeletionDue.of(gone.id, due))
    desk.cloud.invoke("erase_accounts")
    desk.cloud.drain()
    assert [(len(marked(one)), len(store.every(Remark.of(one.id)))) for one in (gone, stays)] == [(0, 0), (1, 1)]
