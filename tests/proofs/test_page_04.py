"""The syllabus and the files that it shows: what a stranger can see of them."""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from functools import partial
from typing import Any

import boto3
import pikepdf
import pytest
import requests
from PIL import Image

from tests.proofs.academy import Academy, Person, at_once
from tests.proofs.test_page_05 import pdf_of

PNG, JPEG, PDF = "image/png", "image/jpeg", "application/pdf"
BUCKET = "pathshala-local-files"


def picture(kind: str = "PNG", side: int = 40) -> bytes:
    """A picture of noise."""
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), random.Random(side).randbytes(side * side * 3)).save(out, kind)
    return out.getvalue()


def huge_png(width: int = 10_000, height: int = 10_000) -> bytes:
    """A PNG of 100 megapixels in a few kilobytes."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + name + content + zlib.crc32(name + content).to_bytes(4, "big")

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + bytes([1, 0, 0, 0, 0])
    rows = zlib.compress(bytes(1 + width // 8) * height, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def document(pages: int = 1, *, password: str | None = None, script: bool = False) -> bytes:
    """A PDF."""
    made = pikepdf.new()
    made.add_blank_page(page_size=(100, 100))
    for _ in range(pages - 1):
        made.pages.append(made.pages[0])
    if script:
        made.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    out = io.BytesIO()
    made.save(out, encryption=pikepdf.Encryption(owner="o", user=password) if password else False)
    return out.getvalue()


def archive() -> bytes:
    """A ZIP."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("note.txt", "not a PDF")
    return out.getvalue()


@pytest.fixture
def editor(academy: Academy) -> Person:
    return academy.sign_in("ADMIN_CONTENT")


def _init(academy: Academy, editor: Person, size: int, kind: str = PDF, **more: Any) -> Any:
    given = {"fileName": "proof", "contentType": kind, "sizeBytes": size, "purpose": "NOTES_PDF", **more}
    return academy.ok("POST", "/v1/admin/files/init-upload", editor, json=given)


def _put(begun: Any, content: bytes, **headers: str) -> int:
    sent = {**begun["upload"]["headers"], **headers}
    sent.pop("Content-Length", None)
    return requests.put(begun["upload"]["url"], data=content, headers=sent, timeout=60).status_code


def _topic(academy: Academy, editor: Person, subject: str, name: str, **more: Any) -> str:
    path = f"/v1/admin/subjects/{subject}/topics"
    return str(academy.ok("POST", path, editor, json={"name": name, **more})["id"])


@pytest.mark.rule("TAX-32", "TAX-12")
def test_crossing_moves_never_make_a_cycle(academy: Academy, editor: Person) -> None:
    subject = academy.subject(editor)
    student = academy.register()
    first, second = (_topic(academy, editor, subject, name) for name in "AB")

    def move(topic: str, parent: str | None) -> int:
        path = f"/v1/admin/topics/{topic}"
        return academy.call("PATCH", path, editor, json={"parentId": parent}).status_code

    for _ in range(25):
        outcomes = at_once(
            [
                partial(move, first, second),
                partial(move, second, first),
                lambda: academy.call("GET", "/v1/taxonomy/tree", student).status_code,
            ]
        )
        assert outcomes[2] == 200
        assert sorted(outcomes[:2])[0] == 200
        assert sorted(outcomes[:2])[1] in {409, 422}
        topics = academy.ok("GET", "/v1/admin/topics", editor, params={"subjectId": subject})["items"]
        assert len(topics) == 2
        assert sorted(topic["parentId"] is None for topic in topics) == [False, True]
        for topic in (first, second):
            move(topic, None)


@pytest.mark.rule("TAX-01", "TAX-31")
def test_keys_are_unique_and_parents_of_the_same_subject(academy: Academy, editor: Person) -> None:
    given = {"key": f"twice-{academy.now():.0f}", "name": "Twice"}
    made = at_once([lambda: academy.call("POST", "/v1/admin/subjects", editor, json=given)] * 2)
    assert sorted(answer.status_code for answer in made) == [201, 409]
    stranger = _topic(academy, editor, academy.subject(editor), "Elsewhere")
    path = f"/v1/admin/subjects/{academy.subject(editor)}/topics"
    refused = academy.call("POST", path, editor, json={"name": "Lost", "parentId": stranger})
    assert (refused.status_code, refused.json()["code"]) == (422, "PARENT_NOT_IN_SUBJECT")


@pytest.mark.rule("TAX-12")
def test_the_tree_has_an_etag(academy: Academy, editor: Person) -> None:
    subject = academy.subject(editor)
    parent = _topic(academy, editor, subject, "भारत का भूगोल")
    _topic(academy, editor, subject, "Rivers", parentId=parent)
    academy.drain()
    student = academy.register()
    found = academy.call("GET", "/v1/taxonomy/tree", student)
    mine = next(one for one in found.json()["items"] if one["id"] == subject)
    assert [topic["name"] for topic in mine["topics"]] == ["भारत का भूगोल"]
    assert [child["name"] for child in mine["topics"][0]["children"]] == ["Rivers"]
    again = academy.call("GET", "/v1/taxonomy/tree", student, headers={"If-None-Match": found.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.rule("FILE-32", "FILE-02")
def test_an_upload_address_is_good_for_one_upload_of_that_size_and_type(academy: Academy, editor: Person) -> None:
    begun = _init(academy, editor, 1_000)
    confirm = f"/v1/admin/files/confirm-upload/{begun['fileAssetId']}"
    early = academy.call("POST", confirm, editor)
    assert (early.status_code, early.json()["code"]) == (409, "UPLOAD_NOT_FOUND")
    assert _put(begun, bytes(1_001)) >= 400
    assert _put(begun, bytes(1_000), **{"Content-Type": "text/html"}) >= 400
    assert _put(begun, bytes(1_000)) == 200
    assert _put(begun, bytes(1_000)) >= 400


@pytest.mark.rule("FILE-35", "FILE-36", "FILE-34")
@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        (picture("PNG"), JPEG, "TYPE_MISMATCH"),
        (huge_png(), PNG, "IMAGE_TOO_LARGE"),
        (document(password="secret"), PDF, "PDF_ENCRYPTED"),
        (document(2_001), PDF, "PDF_TOO_MANY_PAGES"),
        (document(script=True), PDF, "PDF_ACTIVE_CONTENT"),
        (pdf_of(100_000)[:50_000], PDF, "PDF_UNREADABLE"),
        (archive(), PDF, "PDF_UNREADABLE"),
    ],
    ids=["png-as-jpeg", "100-megapixels", "password", "2001-pages", "script", "cut", "zip"],
)
def test_what_breaks_a_rule_is_refused_by_name(
    academy: Academy, editor: Person, content: bytes, kind: str, reason: str
) -> None:
    purpose = "NOTES_PDF" if kind == PDF else "CMS_IMAGE"
    begun = _init(academy, editor, len(content), kind, purpose=purpose)
    assert _put(begun, content) == 200
    refused = academy.call("POST", f"/v1/admin/files/confirm-upload/{begun['fileAssetId']}", editor)
    assert (refused.status_code, refused.json()["code"]) == (422, "FILE_REFUSED")
    assert refused.json()["details"]["reason"] == reason
    shown = academy.ok("GET", f"/v1/admin/files/{begun['fileAssetId']}", editor)
    assert (shown["status"], shown["rejectReason"]) == ("REJECTED", reason)


@pytest.mark.rule("FILE-33")
def test_what_was_confirmed_is_what_is_read(academy: Academy, editor: Person) -> None:
    content = pdf_of(64 * 1024)
    student = academy.register()
    note_id = academy.note(editor, content, premium=False)
    before = academy.opened(student, note_id).get()
    keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "ap-south-1"}
    bucket = boto3.client("s3", endpoint_url=academy.aws, **keys)
    for item in bucket.list_objects_v2(Bucket=BUCKET, Prefix="notes/")["Contents"]:
        bucket.put_object(Bucket=BUCKET, Key=item["Key"], Body=b"%PDF-overwritten")
    after = academy.opened(student, note_id).get()
    assert (before.status_code, after.status_code) == (200, 200)
    assert after.content == before.content
    assert after.content.startswith(b"%PDF-")


@pytest.mark.rule("FILE-46", "FILE-47", "FILE-48")
def test_an_image_is_seen_where_it_is_used_and_only_then(academy: Academy, editor: Person) -> None:
    icon = academy.asset(editor, picture("PNG", 48), PNG, "CMS_IMAGE")
    student, path = academy.register(), f"/v1/assets/{icon}"
    assert academy.call("GET", path, student).status_code == 404
    given = {"key": f"icon-{academy.now():.0f}", "name": "Icons", "iconAssetId": icon}
    subject = academy.ok("POST", "/v1/admin/subjects", editor, json=given)
    seen = academy.call("GET", path, student)
    assert seen.status_code == 200
    assert seen.headers["Content-Type"] == PNG
    assert seen.headers["Cache-Control"] == "private, max-age=60"
    assert academy.call("GET", path, student, headers={"If-None-Match": seen.headers["ETag"]}).status_code == 304
    assert academy.call("GET", path).status_code == 401
    academy.ok("PATCH", f"/v1/admin/subjects/{subject['id']}", editor, json={"isActive": False})
    assert academy.call("GET", path, student).status_code == 404
    academy.ok("PATCH", f"/v1/admin/subjects/{subject['id']}", editor, json={"iconAssetId": None})
    assert academy.call("DELETE", f"/v1/admin/files/{icon}", editor).status_code == 204


@pytest.mark.rule("FILE-41", "FILE-45")
def test_only_the_upload_has_an_address(academy: Academy, editor: Person) -> None:
    asset = academy.upload(editor, pdf_of(40_000))
    begun = _init(academy, editor, 10)
    answers = [
        academy.call("GET", f"/v1/admin/files/{asset}", editor),
        academy.call("GET", "/v1/admin/files", editor, params={"purpose": "NOTES_PDF"}),
        academy.call("GET", f"/v1/admin/files/{asset}/content", editor),
        academy.call("GET", "/v1/taxonomy/tree", editor),
    ]
    del begun["upload"]["url"]
    for told in [str(begun), *(str(dict(answer.headers)) + answer.text for answer in answers)]:
        for word in ("amazonaws", BUCKET, "objectKey", "versionId", f"{asset}.pdf"):
            assert word not in told
