"""Single pages of a note, and its preview."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content import files
from chalicelib.content.notes import PagesState
from chalicelib.content.notes.items import Note
from chalicelib.content.reading import NoteReader
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once, to_next_window

M = 65_536
SHORT, LONG = b"%PDF-1.7 one page", bytes(range(256)) * 300
NOWHERE = "01M7W40Q13T1PHW4JDV27B5ZA4"


def split(note: dict[str, Any], *pages: bytes) -> None:
    """Let there be a file of each page."""
    stored = store.get(Note, Note.place(note["id"]))
    assert stored is not None
    for number, content in enumerate(pages, start=1):
        key = files.page_key(str(stored.file_asset_id), number)
        clients.s3().put_object(Bucket=BUCKET_NAME(), Key=key, Body=content)
    store.update(Note, Note.place(note["id"]), [Note.pages_state.set(PagesState.READY)])


def page(
    desk: Desk, note: dict[str, Any], reader: Person, token: str, n: object, method: str = "GET", **headers: str
) -> Response:
    """Ask for one page."""
    sent = {"X-View-Token": token, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return desk.client.call(method, f"/v1/notes/{note['id']}/pages/{n}", token=reader.token, headers=sent)


def last(note: dict[str, Any], reader: Person) -> dict[str, Any]:
    """What the latest request left for the access log."""
    item = store.get(NoteReader, NoteReader.place(reader.id, note["id"]))
    return plain(item.last) if item is not None and item.last else {}


@pytest.mark.rule("SHIELD-05", "NOTE-57")
def test_a_page_comes_whole_and_a_long_one_by_ranges(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTE_MAX_RANGE_BYTES", str(M))
    note, student = desk.note(content=pdf(3)), desk.student()
    split(note, SHORT, LONG)
    session = desk.open(note, student, expect=201).json
    assert session["pagesAvailable"] is True
    ask = partial(page, desk, note, student, session["viewToken"])
    whole = ask(1)
    assert (whole.status, whole.body, whole.headers["content-length"]) == (200, SHORT, str(len(SHORT)))
    assert whole.headers["cache-control"] == "no-store, max-age=0"
    assert whole.headers["content-type"] == "application/pdf"
    assert whole.headers["etag"] == f'"n{note["id"]}-1-1"'
    assert (last(note, student)["kind"], last(note, student)["page"], last(note, student)["bytes"]) == ("PAGE", 1, 17)
    bare = ask(2)
    assert (bare.code, bare.json["details"]) == ("RANGE_REQUIRED", {"contentLength": len(LONG), "maxRangeBytes": M})
    parts = [ask(2, Range="bytes=0-"), ask(2, Range=f"bytes={M}-"), ask(2, Range="bytes=-5")]
    assert [one.status for one in parts] == [206] * 3
    assert parts[0].body + parts[1].body == LONG
    assert (parts[2].body, parts[2].headers["content-range"]) == (LONG[-5:], f"bytes 76795-76799/{len(LONG)}")
    assert ask(2, Range="bytes=76800-").headers["content-range"] == f"bytes */{len(LONG)}"
    head = ask(2, method="HEAD")
    assert (head.status, head.body, head.headers["x-content-length"]) == (200, b"", str(len(LONG)))
    assert ask(1, If_None_Match=whole.headers["etag"]).status == 304
    assert ask(1, If_Match='"other"').status == 412
    assert "amazonaws" not in str([one.headers for one in (whole, bare, head, *parts)])


@pytest.mark.rule("SHIELD-05", "NOTE-57")
def test_what_is_no_page_or_not_there_yet(desk: Desk) -> None:
    note, student = desk.note(content=pdf(3)), desk.student()
    session = desk.open(note, student, expect=201).json
    ask = partial(page, desk, note, student, session["viewToken"])
    assert session["pagesAvailable"] is False
    assert (ask(1).status, ask(1).code) == (409, "PAGES_NOT_READY")
    assert desk.content(note, student, session["viewToken"]).status == 200
    split(note, SHORT, SHORT)
    for wrong in (0, 4, 99_999_999, "x", "1.5", "-1"):
        assert (ask(wrong).status, ask(wrong).code) == (404, "PAGE_NOT_FOUND"), wrong
    assert ask(1).body == SHORT
    assert ask(3).code == "UPSTREAM_FAILED"
    assert page(desk, {"id": NOWHERE}, student, session["viewToken"], 1).code == "NOTE_NOT_FOUND"


@pytest.mark.rule("NOTE-57")
def test_where_only_pages_are_delivered_no_request_yields_more(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTE_DELIVERY", "pages")
    note, plain_note, student = desk.note(content=pdf(2)), desk.note(content=pdf(2)), desk.student()
    split(note, SHORT, SHORT)
    token, other = (desk.open(one, student, expect=201).json["viewToken"] for one in (note, plain_note))
    for method in ("GET", "HEAD"):
        assert desk.content(note, student, token, method=method, Range="bytes=0-9").status == 409
    assert desk.content(note, student, token).code == "PAGES_ONLY"
    assert page(desk, note, student, token, 2).status == 200
    assert desk.content(plain_note, student, other).status == 200


@pytest.mark.rule("NOTE-44")
def test_pages_too_are_those_of_the_file_that_a_session_began_with(desk: Desk) -> None:
    note, student = desk.note(content=pdf(2)), desk.student()
    split(note, b"old 1", b"old 2")
    before = desk.open(note, student, expect=201).json["viewToken"]
    change = {"fileAssetId": desk.file(pdf(1))}
    desk.client.patch(f"/v1/admin/notes/{note['id']}", json=change, token=desk.editor.token, expect=200)
    split(note, b"new 1")
    after = desk.open(note, student, expect=201).json["viewToken"]
    assert [page(desk, note, student, before, n).body for n in (1, 2)] == [b"old 1", b"old 2"]
    assert page(desk, note, student, after, 1).body == b"new 1"
    assert page(desk, note, student, after, 2).code == "PAGE_NOT_FOUND"


@pytest.mark.rule("SHIELD-05", "SHIELD-40", "SHIELD-41", "SHIELD-47")
def test_pages_ask_and_count_as_content_does(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_NOTE_CONTENT", "6/120")
    note, student = desk.note(content=pdf(2), isPremium=True), desk.student({"endsAt": clock.epoch() + 500})
    split(note, SHORT, SHORT)
    to_next_window(desk.cloud, 120)
    token = desk.open(note, student, expect=201).json["viewToken"]
    assert page(desk, note, student, "nonsense", 1).code == "VIEW_TOKEN_INVALID"
    assert desk.content(note, student, token).status == 200
    answers = at_once([partial(page, desk, note, student, token, 1)] * 9)
    assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 4
    assert {"retry-after"} <= set(next(one for one in answers if one.status == 429).headers)
    desk.cloud.advance(120)
    assert page(desk, note, student, token, 1).status == 200
    card = AccessCard.place(student.id)
    store.update(AccessCard, card, [AccessCard.note_bans[note["id"]].set(clock.epoch() + 60)])
    assert page(desk, note, student, token, 1).json["details"]["reason"] == "NOTE_BANNED"
    store.update(AccessCard, card, [AccessCard.note_bans.set({}), AccessCard.entitlements.set({})])
    assert page(desk, note, student, token, 1).json["details"]["reason"] == "NO_ENTITLEMENT"
    desk.post(f"/v1/admin/notes/{note['id']}/unpublish", expect=200)
    assert page(desk, note, student, token, 1).code == "NOTE_NOT_FOUND"


# The preview


def previewed(desk: Desk, **note: Any) -> dict[str, Any]:
    """A premium note whose preview is ready."""
    made = desk.note(content=pdf(30), isPremium=True, previewAllowed=True, **note)
    asset = desk.file(pdf(3, seed=9))
    store.update(Note, Note.place(made["id"]), [Note.preview_asset_id.set(asset)])
    return {**made, "preview": asset}


def preview(desk: Desk, note: dict[str, Any], reader: Person, method: str = "GET", **headers: str) -> Response:
    """Ask for the preview."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return desk.client.call(method, f"/v1/notes/{note['id']}/preview", token=reader.token, headers=sent)


@pytest.mark.rule("NOTE-06")
@pytest.mark.policy("open-preview", "allows")
def test_everybody_signed_in_sees_the_preview_and_it_is_logged(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    note, student = previewed(desk), desk.student()
    whole = preview(desk, note, student)
    assert (whole.status, whole.body[:5], whole.headers["cache-control"]) == (200, b"%PDF-", "no-store, max-age=0")
    assert whole.headers["content-disposition"] == 'inline; filename="fundamental-rights.pdf"'
    assert last(note, student)["kind"] == "PREVIEW"
    assert last(note, student)["bytes"] == len(whole.body)
    part = preview(desk, note, student, Range="bytes=5-9")
    assert (part.status, part.body) == (206, whole.body[5:10])
    assert last(note, student)["bytes"] == 5
    assert preview(desk, note, student, If_None_Match=whole.headers["etag"]).status == 304
    head = preview(desk, note, student, "HEAD")
    assert (head.body, head.headers["x-content-length"]) == (b"", str(len(whole.body)))
    assert preview(desk, note, student, Range="bytes=99999999-").code == "RANGE_NOT_SATISFIABLE"
    monkeypatch.setenv("NOTE_MAX_RANGE_BYTES", "65536")
    answers = str([(one.headers, one.body if one.status > 399 else b"") for one in (whole, part, head)])
    assert note["preview"] not in answers
    assert desk.open(note, student).status == 403
    desk.open(note, desk.student({}), expect=201)
    reading = desk.student({})
    desk.open(note, reading, expect=201)
    assert preview(desk, note, reading).status == 200


@pytest.mark.rule("NOTE-06", "SHIELD-70")
@pytest.mark.policy("open-preview", "refuses")
def test_without_a_preview_or_banned_there_is_none(desk: Desk) -> None:
    student, note = desk.student(), previewed(desk)
    without, waiting = desk.note(isPremium=True), desk.note(isPremium=True, previewAllowed=True)
    for one in (without, waiting):
        assert (preview(desk, one, student).status, preview(desk, one, student).code) == (404, "NO_PREVIEW")
    for one in (desk.draft(previewAllowed=True), {"id": NOWHERE}):
        assert preview(desk, one, student).code == "NOTE_NOT_FOUND"
    banned = desk.student(note_bans={note["id"]: clock.epoch() + 60})
    refused = preview(desk, note, banned)
    assert (refused.status, refused.json["details"]["reason"]) == (403, "NOTE_BANNED")
    assert last(note, banned)["status"] == 403
    assert desk.client.get(f"/v1/notes/{note['id']}/preview").status == 401
    change = {"previewAllowed": False}
    desk.client.patch(f"/v1/admin/notes/{note['id']}", json=change, token=desk.editor.token, expect=200)
    assert preview(desk, note, student).code == "NO_PREVIEW"
    assert last(note, student) == {}
