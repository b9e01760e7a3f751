"""Presigned uploads are checked as S3 checks them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from chalicelib.platform.aws import clients
from infra.local.emulator import Emulator
from infra.local.httpd import Server, listen
from infra.local.storage_door import MAX_BODY, StorageDoor

BUCKET = "pathshala-test-files"
KEY = "notes/2026/01/test file.pdf"
BODY = b"%PDF-1.7 bytes"
ADMIN = "https://admin.test.example"


@pytest.fixture
def door(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = Server(listen("127.0.0.1", 0, "MOTO_PORT"), StorageDoor(cloud).answer, threads=4, max_body=MAX_BODY)
    server.start()
    url = f"http://127.0.0.1:{server.port}"
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", url)
    yield url
    server.stop()


def signed(**more: Any) -> tuple[str, dict[str, str]]:
    checksum = base64.b64encode(hashlib.sha256(BODY).digest()).decode()
    given = {
        "Bucket": BUCKET,
        "Key": KEY,
        "ContentType": "application/pdf",
        "ContentLength": len(BODY),
        "IfNoneMatch": "*",
        "Tagging": "state=unconfirmed",
        "ChecksumSHA256": checksum,
    }
    url = clients.s3_signer().generate_presigned_url("put_object", Params={**given, **more}, ExpiresIn=900)
    headers = {
        "Content-Type": "application/pdf",
        "If-None-Match": "*",
        "x-amz-tagging": "state=unconfirmed",
        "x-amz-checksum-sha256": checksum,
    }
    return url, headers


def put(url: str, headers: dict[str, str], body: bytes = BODY) -> requests.Response:
    return requests.put(url, data=body, headers=headers, timeout=10)


def refused(cloud: Emulator, answer: requests.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert re.search("<Code>(.+?)</Code>", answer.text)[1] == code
    assert cloud.objects() == {}


@pytest.mark.rule("FILE-32")
def test_right_upload_is_stored_with_its_tag(cloud: Emulator, door: str) -> None:
    answer = put(*signed())
    assert answer.status_code == 200, answer.text
    assert cloud.objects() == {KEY: BODY}
    tags = clients.s3().get_object_tagging(Bucket=BUCKET, Key=KEY)["TagSet"]
    assert tags == [{"Key": "state", "Value": "unconfirmed"}]
    assert clients.s3().head_object(Bucket=BUCKET, Key=KEY)["ContentType"] == "application/pdf"


@pytest.mark.rule("FILE-32")
def test_second_upload_to_a_key_is_refused(cloud: Emulator, door: str) -> None:
    url, headers = signed()
    put(url, headers)
    again = put(url, headers)
    assert again.status_code == 412
    assert "PreconditionFailed" in again.text


@pytest.mark.rule("FILE-32")
@pytest.mark.parametrize(
    "change",
    [
        {"Content-Type": "text/html"},
        {"x-amz-tagging": "state=confirmed"},
        {"If-None-Match": "other"},
        {"x-amz-checksum-sha256": base64.b64encode(bytes(32)).decode()},
    ],
)
def test_other_headers_than_signed_are_refused(cloud: Emulator, door: str, change: dict[str, str]) -> None:
    url, headers = signed()
    refused(cloud, put(url, {**headers, **change}), 403, "SignatureDoesNotMatch")


@pytest.mark.rule("FILE-32")
@pytest.mark.parametrize("left_out", ["Content-Type", "x-amz-tagging", "If-None-Match"])
def test_header_left_out_is_refused(cloud: Emulator, door: str, left_out: str) -> None:
    url, headers = signed()
    del headers[left_out]
    refused(cloud, put(url, headers), 403, "SignatureDoesNotMatch")


@pytest.mark.rule("FILE-32")
def test_other_length_and_other_bytes_are_refused(cloud: Emulator, door: str) -> None:
    url, headers = signed()
    refused(cloud, put(url, headers, BODY + b"more"), 403, "SignatureDoesNotMatch")
    refused(cloud, put(url, headers, BODY[::-1]), 400, "BadDigest")


def test_unsigned_amazon_header_is_refused(cloud: Emulator, door: str) -> None:
    url, headers = signed()
    refused(cloud, put(url, {**headers, "x-amz-acl": "public-read"}), 403, "AccessDenied")


@pytest.mark.rule("FILE-32")
def test_expired_address_is_refused_by_the_moved_clock(cloud: Emulator, door: str) -> None:
    url, headers = signed()
    cloud.advance(901)
    refused(cloud, put(url, headers), 403, "AccessDenied")


@pytest.mark.rule("LOC-11")
def test_an_address_made_after_the_clock_was_moved_is_good(cloud: Emulator, door: str) -> None:
    cloud.advance(3_600)
    assert put(*signed()).status_code == 200


def test_changed_key_and_anonymous_requests_are_refused(cloud: Emulator, door: str) -> None:
    url, headers = signed()
    refused(cloud, put(url.replace("2026", "2027"), headers), 403, "SignatureDoesNotMatch")
    refused(cloud, requests.put(f"{door}/{BUCKET}/free", data=b"x", timeout=10), 403, "AccessDenied")
    assert requests.get(url, timeout=10).status_code == 403


@pytest.mark.rule("FILE-32")
def test_preflight_follows_the_buckets_rules(door: str) -> None:
    asked = {
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "content-type,if-none-match,x-amz-tagging,x-amz-checksum-sha256",
    }
    url = f"{door}/{BUCKET}/{KEY}"
    mine = requests.options(url, headers={**asked, "Origin": ADMIN}, timeout=10)
    assert mine.status_code == 200
    assert mine.headers["Access-Control-Allow-Origin"] == ADMIN
    assert requests.options(url, headers={**asked, "Origin": "https://evil.example"}, timeout=10).status_code == 403


@pytest.mark.rule("LOC-13")
def test_other_clients_reach_the_emulated_aws_here(cloud: Emulator, door: str) -> None:
    import boto3

    session = boto3.session.Session("local", "local-secret", region_name=clients.region())
    names = session.client("dynamodb", endpoint_url=door).list_tables()["TableNames"]
    assert "pathshala-test" in names
