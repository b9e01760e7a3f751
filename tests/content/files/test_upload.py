"""Beginning uploads, and what the bucket then takes."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest

from chalicelib.content.files import FileAsset
from chalicelib.platform import clock, store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.people import People

INIT = "/v1/admin/files/init-upload"
CONTENT = pdf()


def assets(desk: Desk) -> list[dict[str, Any]]:
    """The stored files."""
    return [item for item in desk.cloud.items() if item["kind"]["S"] == "FileAsset"]


@pytest.mark.rule("FILE-01", "FILE-31", "FILE-32")
def test_an_upload_is_written_down_and_then_signed(desk: Desk) -> None:
    answer = desk.init(CONTENT, fileName="../../evil.exe")
    assert answer.status == 201
    body = answer.json
    assert answer.headers["location"] == f"/v1/admin/files/{body['fileAssetId']}"
    assert body["maxBytes"] == 536_870_912
    assert body["upload"]["method"] == "PUT"
    assert body["upload"]["headers"] == {
        "Content-Type": "application/pdf",
        "Content-Length": str(len(CONTENT)),
        "If-None-Match": "*",
        "x-amz-tagging": "state=unconfirmed",
    }
    (stored,) = assets(desk)
    now = clock.now()
    assert stored["object_key"]["S"] == f"notes/{now:%Y}/{now:%m}/{body['fileAssetId']}.pdf"
    assert stored["status"]["S"] == "PENDING"
    assert abs(int(stored["ttl"]["N"]) - clock.epoch() - 86_400) < 10
    url = body["upload"]["url"]
    assert stored["object_key"]["S"] in url
    signed = "content-length%3Bcontent-type%3Bhost%3Bif-none-match%3Bx-amz-tagging"
    assert f"X-Amz-SignedHeaders={signed}" in url
    assert "X-Amz-Expires=900" in url


@pytest.mark.rule("FILE-31")
def test_the_item_is_there_before_the_address_is(desk: Desk) -> None:
    desk.cloud.fault("dynamodb", "TransactWriteItems", "InternalServerError", times=9)
    assert desk.init(CONTENT).status == 503
    assert assets(desk) == []


@pytest.mark.rule("FILE-32")
def test_the_address_takes_what_was_declared_once_and_nothing_else(desk: Desk) -> None:
    upload = desk.init(CONTENT, checksum=True).json["upload"]
    sent = upload["headers"]
    assert sent["x-amz-checksum-sha256"] == base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    refused = [
        desk.put(upload, CONTENT + b"x"),
        desk.put(upload, CONTENT[:-1]),
        desk.put(upload, CONTENT, **{"Content-Type": "text/html"}),
        desk.put(upload, CONTENT, **{"x-amz-tagging": "state=confirmed"}),
        desk.put(upload, CONTENT[:-1] + b"x"),
        desk.put({**upload, "method": "GET"}, b""),
        desk.put({**upload, "url": upload["url"].replace("notes/", "prints/")}, CONTENT),
    ]
    assert {answer.status // 100 for answer in refused} == {4}
    assert clients.s3().list_objects_v2(Bucket=BUCKET_NAME()).get("KeyCount") == 0
    assert desk.put(upload, CONTENT).status == 200
    assert desk.put(upload, CONTENT).status == 412


@pytest.mark.rule("FILE-32")
def test_the_address_dies(desk: Desk) -> None:
    upload = desk.init(CONTENT).json["upload"]
    desk.cloud.advance(901)
    assert desk.put(upload, CONTENT).status == 403


@pytest.mark.rule("FILE-30")
@pytest.mark.parametrize("content_type", ["image/svg+xml", "image/png", "text/html", "application/pdf; charset=x"])
def test_another_type_is_refused(desk: Desk, content_type: str) -> None:
    assert desk.init(CONTENT, contentType=content_type).code == "TYPE_NOT_ALLOWED"
    assert assets(desk) == []


@pytest.mark.rule("FILE-30")
@pytest.mark.parametrize("size", [0, 536_870_913])
def test_no_bytes_and_too_many_are_refused(desk: Desk, size: int) -> None:
    answer = desk.init(CONTENT, sizeBytes=size)
    assert (answer.status, answer.code, answer.json["details"]) == (422, "SIZE_NOT_ALLOWED", {"maxBytes": 536_870_912})
    assert assets(desk) == []
    assert desk.init(CONTENT, sizeBytes=536_870_912).status == 201


@pytest.mark.rule("FILE-01")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("purpose", "SECRET_PLANS"),
        ("purpose", None),
        ("fileName", ""),
        ("fileName", "n" * 256),
        ("sizeBytes", 1.5),
        ("checksumSha256", "A" * 44),
        ("checksumSha256", "short"),
        ("objectKey", "notes/x.pdf"),
    ],
)
def test_what_breaks_a_rule_is_named(desk: Desk, member: str, value: object) -> None:
    answer = desk.init(CONTENT, **{member: value})
    assert (answer.status, list(answer.issues)) == (422, [f"body.{member}"])
    assert assets(desk) == []


@pytest.mark.rule("FILE-01", "ACC-63")
def test_who_does_not_write_notes_uploads_none(desk: Desk, people: People) -> None:
    body = {"fileName": "a.pdf", "contentType": "application/pdf", "sizeBytes": 9, "purpose": "NOTES_PDF"}
    for person in (people.student(), people.admin("ADMIN_TEST"), people.admin("ADMIN_FINANCE")):
        assert desk.client.post(INIT, json=body, token=person.token).status == 403
    assert assets(desk) == []
    desk.client.post(INIT, json=body, token=people.super_admin().token, expect=201)


@pytest.mark.rule("FILE-01")
def test_uploads_are_limited(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_UPLOAD", "2/3600")
    assert [desk.init(CONTENT).status for _ in range(3)] == [201, 201, 429]
    assert len(assets(desk)) == 2


@pytest.mark.rule("FILE-41")
def test_nobody_without_a_signature_reaches_the_bucket(desk: Desk) -> None:
    upload = desk.init(CONTENT).json["upload"]
    assert desk.put(upload, CONTENT).status == 200
    bare = {**upload, "url": upload["url"].partition("?")[0]}
    assert desk.put(bare, CONTENT).status == 403
    for method in ("GET", "DELETE", "HEAD"):
        assert desk.put({**bare, "method": method}, b"").status == 403
    assert desk.put({**bare, "method": "GET", "url": f"http://127.0.0.1:5000/{BUCKET_NAME()}"}, b"").status == 403


@pytest.mark.rule("FILE-22", "FILE-38")
def test_what_nobody_confirms_is_gone_after_a_day(desk: Desk) -> None:
    asset_id = desk.uploaded(CONTENT)
    desk.cloud.advance(86_400)
    token = desk.people.token(desk.editor.id, desk.editor.session_id, "ADMIN")
    answer = desk.client.post(f"/v1/admin/files/confirm-upload/{asset_id}", token=token, expect=404)
    assert answer.code == "FILE_NOT_FOUND"
    asset = store.get(FileAsset, FileAsset.place(asset_id))
    assert asset is not None
    assert asset.status == "PENDING"
