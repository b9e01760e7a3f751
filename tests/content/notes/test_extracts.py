"""Previews and single pages of published notes: made beside publication, once, and again when the note changes."""

from __future__ import annotations

import io
import json
from functools import partial
from typing import Any

import pikepdf
import pytest

from chalicelib.content import files
from chalicelib.content.files import FileAsset
from chalicelib.content.notes import extracts
from chalicelib.content.notes.items import Note
from chalicelib.platform import store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.errors import UpstreamFailed
from tests.content.desk import Desk
from tests.content.files import hostile
from tests.support.races import at_once

BOOK = hostile.book(25)
LONG = 900.0


def stored(note: dict[str, Any]) -> Note:
    """A note as it is stored."""
    found = store.get(Note, Note.place(note["id"]))
    assert found is not None
    return found


def preview_of(note: dict[str, Any]) -> FileAsset:
    """The file of its first pages."""
    found = store.get(FileAsset, FileAsset.place(str(stored(note).preview_asset_id)))
    assert found is not None
    return found


def content(key: str) -> bytes:
    """What the bucket holds."""
    return bytes(clients.s3().get_object(Bucket=BUCKET_NAME(), Key=key)["Body"].read())


def words(found: bytes) -> list[bytes]:
    """What each page of a file says."""
    with pikepdf.open(io.BytesIO(found)) as document:
        return [page.Contents.read_bytes() for page in document.pages]


def keys(prefix: str) -> set[str]:
    """What lies under a prefix."""
    listed = clients.s3().list_objects_v2(Bucket=BUCKET_NAME(), Prefix=prefix)
    return {str(one["Key"]) for one in listed.get("Contents", [])}


def change(desk: Desk, note: dict[str, Any], **members: Any) -> None:
    """Change a note and let everything follow."""
    token = desk.people.super_admin().token
    desk.client.call("PATCH", f"/v1/admin/notes/{note['id']}", json=members, token=token, expect=200)
    desk.cloud.drain()


@pytest.mark.rule("NOTE-32", "NOTE-06")
def test_a_published_note_gets_the_preview_that_it_allows(desk: Desk) -> None:
    draft = desk.draft(content=BOOK, previewAllowed=True, previewPages=2)
    desk.cloud.drain()
    assert stored(draft).preview_asset_id is None
    desk.post(f"/v1/admin/notes/{draft['id']}/publish", expect=200)
    version = stored(draft).version
    desk.cloud.drain()
    preview, student = preview_of(draft), desk.student()
    assert (preview.page_count, preview.status, preview.source_asset_id) == (
        2,
        "CONFIRMED",
        draft["file"]["fileAssetId"],
    )
    assert stored(draft).version == version
    read = desk.client.get(f"/v1/notes/{draft['id']}/preview", token=student.token, expect=200)
    assert read.body == content(str(preview.object_key))
    assert words(read.body) == [b"BT /F1 12 Tf 20 200 Td (Page %d) Tj ET" % number for number in range(2)]
    with pikepdf.open(io.BytesIO(read.body)) as document:
        assert ("/Outlines" in document.Root, len(document.pages[0].get("/Annots", []))) == (False, 0)
    tags = clients.s3().get_object_tagging(Bucket=BUCKET_NAME(), Key=str(preview.object_key))["TagSet"]
    assert tags == [{"Key": "state", "Value": "confirmed"}]


@pytest.mark.rule("NOTE-32")
def test_a_preview_follows_the_note_and_only_what_concerns_it(desk: Desk) -> None:
    note = desk.note(content=BOOK, previewAllowed=True, previewPages=2)
    desk.cloud.drain()
    first = preview_of(note)
    change(desk, note, title="Another title")
    assert preview_of(note).id == first.id
    change(desk, note, previewPages=3)
    second = preview_of(note)
    gone = store.get(FileAsset, FileAsset.place(str(first.id)))
    assert gone is not None
    assert (second.page_count, gone.status, gone.references) == (3, "DELETED", 0)
    change(desk, note, fileAssetId=desk.file(hostile.book(2)))
    assert (preview_of(note).page_count, preview_of(note).id != second.id) == (2, True)
    desk.cloud.advance(31 * 86_400)
    assert desk.cloud.invoke("remove_deleted_files").error is None
    assert keys("notes/previews/") == {str(preview_of(note).object_key)}


@pytest.mark.rule("NOTE-32", "NOTE-18")
def test_a_draft_takes_its_preview_along(desk: Desk) -> None:
    note = desk.note(content=BOOK, previewAllowed=True)
    desk.cloud.drain()
    preview = str(preview_of(note).id)
    desk.post(f"/v1/admin/notes/{note['id']}/unpublish", {}, 200)
    desk.client.call("DELETE", f"/v1/admin/notes/{note['id']}", token=desk.editor.token, expect=204)
    gone = store.get(FileAsset, FileAsset.place(preview))
    assert gone is not None
    assert gone.status == "DELETED"


@pytest.mark.rule("NOTE-32")
def test_parallel_runs_leave_one_preview(desk: Desk) -> None:
    note = desk.note(content=BOOK, previewAllowed=True)
    body = {"event": "NoteUpdated", "data": {"note_id": note["id"], "version": 1}}
    told = {"Records": [{"messageId": "m1", "receiptHandle": "r1", "body": json.dumps(body)}]}
    outcomes = at_once([partial(desk.cloud.invoke, "cut_note", told)] * 3)
    assert [outcome.answer for outcome in outcomes] == [{"batchItemFailures": []}] * 3
    assert keys("notes/previews/") == {str(preview_of(note).object_key)}


@pytest.mark.rule("NOTE-32", "NOTE-57")
def test_single_pages_are_made_where_they_are_wanted(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    note = desk.note(content=BOOK)
    desk.cloud.drain()
    assert (stored(note).pages_state, keys("notes/pages/")) == ("NONE", set())
    monkeypatch.setenv("NOTE_PAGES", "true")
    change(desk, note, title="Now with pages")
    source = str(stored(note).file_asset_id)
    assert stored(note).pages_state == "READY"
    assert keys("notes/pages/") == {files.page_key(source, page) for page in range(1, 26)}
    for page in (1, 21, 25):
        assert words(content(files.page_key(source, page))) == [b"BT /F1 12 Tf 20 200 Td (Page %d) Tj ET" % (page - 1)]
    student = desk.student()
    token = desk.open(note, student).json["viewToken"]
    sent = {"X-View-Token": token}
    read = desk.client.get(f"/v1/notes/{note['id']}/pages/21", token=student.token, headers=sent, expect=200)
    assert read.body == content(files.page_key(source, 21))


@pytest.mark.rule("NOTE-32")
def test_a_run_goes_on_where_the_last_one_broke_off(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTE_PAGES", "true")
    note = desk.note(content=BOOK)
    source = str(stored(note).file_asset_id)
    kept = [files.page_key(source, page) for page in (1, 2, 3, 20)]
    for key in kept:
        clients.s3().put_object(Bucket=BUCKET_NAME(), Key=key, Body=b"made before")
    desk.cloud.fault("s3", "PutObject", "SlowDown", times=10_000)
    with pytest.raises(UpstreamFailed):
        extracts.make(note["id"], lambda: LONG)
    assert stored(note).pages_state == "SPLITTING"
    desk.cloud.faults.clear()
    desk.cloud.drain()
    assert (stored(note).pages_state, len(keys("notes/pages/"))) == ("READY", 25)
    assert {content(key) for key in kept} == {b"made before"}


@pytest.mark.rule("NOTE-32")
def test_pages_that_take_too_long_are_unavailable(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTE_PAGES", "true")
    note = desk.note(content=BOOK)
    extracts.make(note["id"], lambda: 20.0)
    assert (stored(note).pages_state, keys("notes/pages/")) == ("UNAVAILABLE", set())
    desk.cloud.drain()
    assert stored(note).pages_state == "UNAVAILABLE"


@pytest.mark.rule("NOTE-32", "FILE-23")
def test_pages_and_contents_go_with_their_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTE_PAGES", "true")
    note = desk.note(content=hostile.book(3))
    desk.cloud.drain()
    source = str(stored(note).file_asset_id)
    assert (len(keys("notes/pages/")), len(files.outline_of(source))) == (3, 3)
    change(desk, note, fileAssetId=desk.file(hostile.book(2)))
    desk.client.call("DELETE", f"/v1/admin/files/{source}", token=desk.editor.token, expect=204)
    desk.cloud.advance(31 * 86_400)
    assert desk.cloud.invoke("remove_deleted_files").error is None
    assert {key.split("/")[2] for key in keys("notes/pages/")} == {str(stored(note).file_asset_id)}
    assert files.outline_of(source) == []
