"""Notes: bytes by ranges, to those who may."""

from __future__ import annotations

import io
import os

import pikepdf
import pytest
import requests

from tests.proofs.academy import Academy, Person

MIB = 1_048_576


def pdf_of(size: int) -> bytes:
    """A PDF of exactly ``size`` bytes: a page, and a stream that nothing compresses."""
    filler = size - 2_000
    while True:
        document = pikepdf.new()
        document.add_blank_page()
        document.Root.Filler = document.make_stream(os.urandom(filler))
        packed = io.BytesIO()
        document.save(packed, compress_streams=False, static_id=True)
        missing = size - len(packed.getvalue())
        if missing == 0:
            return packed.getvalue()
        if 0 < missing < 20:
            # A comment behind the end is part of no object.
            return packed.getvalue() + b"%" * missing
        filler += missing


class Reader:
    """A student who reads one note."""

    def __init__(self, academy: Academy, person: Person, note_id: str) -> None:
        self.academy, self.person, self.note_id = academy, person, note_id
        opened = academy.call("POST", f"/v1/notes/{note_id}/view-session", person, json={})
        assert opened.status_code == 201, opened.text
        self.session = opened.json()

    def get(self, byte_range: str | None = None, method: str = "GET", **headers: str) -> requests.Response:
        given = {"X-View-Token": self.session["viewToken"], **headers}
        if byte_range is not None:
            given["Range"] = byte_range
        return self.academy.call(method, f"/v1/notes/{self.note_id}/content", self.person, headers=given)


@pytest.fixture(scope="module")
def editor(academy: Academy) -> Person:
    return academy.sign_in("ADMIN_CONTENT")


@pytest.fixture(scope="module")
def plan(academy: Academy) -> str:
    return academy.plan(academy.sign_in("ADMIN_FINANCE"))


@pytest.fixture(scope="module")
def subscriber(academy: Academy, plan: str) -> Person:
    student = academy.register()
    academy.bought(student, plan)
    return student


@pytest.mark.rule("NOTE-51", "NOTE-52", "NOTE-53")
def test_a_large_note_comes_by_ranges(academy: Academy, editor: Person, subscriber: Person) -> None:
    content = pdf_of(20 * MIB)
    reader = Reader(academy, subscriber, academy.note(editor, content))
    whole = reader.get()
    assert (whole.status_code, whole.json()["code"]) == (400, "RANGE_REQUIRED")
    assert whole.headers["X-Content-Length"] == str(len(content))
    first = reader.get("bytes=0-")
    assert (first.status_code, len(first.content)) == (206, MIB)
    assert first.headers["Content-Range"] == f"bytes 0-{MIB - 1}/{len(content)}"
    assert reader.get("bytes=-100").content == content[-100:]
    beyond = reader.get(f"bytes={len(content)}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{len(content)}")
    assert reader.get("bytes=5-2").status_code == 416
    assert reader.get("items=0-1").status_code == 400
    assert reader.get("bytes=0-9,20-29").content == content[:10]
    joined = b"".join(reader.get(f"bytes={at}-").content for at in range(0, len(content), MIB))
    assert joined == content


@pytest.mark.rule("NOTE-51", "NOTE-54")
def test_a_small_note_comes_whole(academy: Academy, editor: Person, subscriber: Person) -> None:
    content = pdf_of(300 * 1024)
    reader = Reader(academy, subscriber, academy.note(editor, content))
    whole = reader.get()
    assert (whole.status_code, whole.content) == (200, content)
    head = reader.get(method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["X-Content-Length"] == str(len(content))


@pytest.mark.rule("SHIELD-47", "ENT-17")
def test_premium_is_closed_before_during_and_after(academy: Academy, editor: Person, plan: str) -> None:
    note_id = academy.note(editor, pdf_of(64 * 1024))
    student = academy.register()
    path = f"/v1/notes/{note_id}/view-session"
    refused = academy.call("POST", path, student, json={})
    assert (refused.status_code, refused.json()["details"]["reason"]) == (403, "NO_ENTITLEMENT")
    academy.bought(student, plan)
    reader = Reader(academy, student, note_id)
    assert reader.get().status_code == 200
    stranger = academy.register()
    headers = {"X-View-Token": reader.session["viewToken"]}
    content = f"/v1/notes/{note_id}/content"
    assert academy.call("GET", content, stranger, headers=headers).status_code == 403
    academy.bought(stranger, plan)
    assert academy.call("GET", content, stranger, headers=headers).json()["code"] == "VIEW_TOKEN_INVALID"


@pytest.mark.rule("NOTE-43")
def test_no_storage_address_reaches_a_student(academy: Academy, editor: Person, subscriber: Person) -> None:
    note_id = academy.note(editor, pdf_of(64 * 1024))
    reader = Reader(academy, subscriber, note_id)
    answers = [
        reader.get(),
        reader.get("bytes=0-9"),
        academy.call("GET", "/v1/notes", subscriber),
        academy.call("GET", f"/v1/notes/{note_id}", subscriber),
    ]
    for answer in answers:
        told = str(dict(answer.headers)) + ("" if "pdf" in answer.headers["Content-Type"] else answer.text)
        for word in ("amazonaws", "fileAssetId", "objectKey", "versionId", "pathshala-local-files"):
            assert word not in told
