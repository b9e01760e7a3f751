"""Uploads in parts, over poor lines."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from chalicelib.content.files import FileAsset
from chalicelib.platform import store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from infra.local.httpd import Server, listen
from infra.local.proxy import Outgoing
from infra.local.storage_door import MAX_BODY
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.races import at_once

PART = 5_242_880
CONTENT = pdf(3, filler=2 * PART)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files over 6 MB come in parts of 5 MiB."""
    monkeypatch.setenv("UPLOAD_PARTS_FROM_BYTES", "6000000")
    monkeypatch.setenv("UPLOAD_PART_BYTES", str(PART))


def send(desk: Desk, part: dict[str, Any], **headers: str) -> Outgoing:
    """Send one part to its address."""
    content = CONTENT[part["firstByte"] : part["firstByte"] + part["sizeBytes"]]
    return desk.put({"url": part["url"], "method": "PUT", "headers": {}}, content, **headers)


def missing(desk: Desk, asset_id: str) -> list[dict[str, Any]]:
    """The parts that are not there yet."""
    token = desk.people.token(desk.editor.id, desk.editor.session_id, "ADMIN")
    answer = desk.client.get(f"/v1/admin/files/{asset_id}/parts", token=token, expect=200).json
    assert answer["partBytes"] == PART
    return list(answer["parts"])


def status(asset_id: str) -> str:
    """How a file stands."""
    found = store.get(FileAsset, FileAsset.place(asset_id))
    assert found is not None
    return str(found.status)


@pytest.mark.rule("FILE-61")
@pytest.mark.parametrize("checksum", [False, True])
def test_a_large_file_comes_in_parts_and_confirmation_joins_them(desk: Desk, checksum: bool) -> None:
    begun = desk.init(CONTENT, checksum=checksum).json
    parts, asset_id = begun["multipart"]["parts"], begun["fileAssetId"]
    assert [(part["number"], part["firstByte"]) for part in parts] == [(1, 0), (2, PART), (3, 2 * PART)]
    assert sum(part["sizeBytes"] for part in parts) == len(CONTENT)
    assert desk.confirm(asset_id, expect=409).code == "UPLOAD_NOT_FOUND"
    assert [send(desk, part).status for part in reversed(parts[1:])] == [200, 200]
    found = sum(part["sizeBytes"] for part in parts[1:])
    answer = desk.confirm(asset_id, expect=409)
    assert (answer.code, answer.json["details"]) == ("UPLOAD_MISMATCH", {"declared": len(CONTENT), "found": found})
    assert status(asset_id) == "PENDING"
    assert [send(desk, part).status for part in (parts[0], parts[2])] == [200, 200]
    confirmed = desk.confirm(asset_id, expect=200).json
    assert (confirmed["status"], confirmed["pageCount"]) == ("CONFIRMED", 3)
    key = next(key for key in desk.cloud.objects() if key.endswith(f"/{asset_id}.pdf"))
    assert desk.cloud.objects()[key] == CONTENT
    tags = clients.s3().get_object_tagging(Bucket=BUCKET_NAME(), Key=key)["TagSet"]
    assert tags == [{"Key": "state", "Value": "confirmed"}]
    assert desk.confirm(asset_id, expect=200).json == confirmed


@pytest.mark.rule("FILE-32", "FILE-61")
def test_an_address_takes_its_part_and_nothing_else(desk: Desk) -> None:
    begun = desk.init(CONTENT).json
    first, second = begun["multipart"]["parts"][:2]
    swapped = {**first, "url": first["url"].replace("partNumber=1", "partNumber=2")}
    refused = [
        send(desk, {**first, "sizeBytes": 100}),
        send(desk, swapped),
        send(desk, {**first, "url": first["url"].replace("notes/", "prints/")}),
        send(desk, second, **{"x-amz-tagging": "state=confirmed"}),
    ]
    assert {answer.status for answer in refused} == {403}
    assert [part["number"] for part in missing(desk, begun["fileAssetId"])] == [1, 2, 3]


@pytest.mark.rule("FILE-61")
def test_what_broke_off_goes_on_with_new_addresses(desk: Desk) -> None:
    begun = desk.init(CONTENT).json
    parts, asset_id = begun["multipart"]["parts"], begun["fileAssetId"]
    assert send(desk, parts[0]).status == 200
    desk.cloud.advance(901)
    assert send(desk, parts[1]).status == 403
    left = missing(desk, asset_id)
    assert [part["number"] for part in left] == [2, 3]
    assert {send(desk, part).status for part in left} == {200}
    assert missing(desk, asset_id) == []
    token = desk.people.token(desk.editor.id, desk.editor.session_id, "ADMIN")
    path = f"/v1/admin/files/confirm-upload/{asset_id}"
    desk.client.post(path, token=token, expect=200)
    answer = desk.client.get(f"/v1/admin/files/{asset_id}/parts", token=token, expect=409)
    assert answer.code == "UPLOAD_NOT_IN_PARTS"


@pytest.mark.rule("FILE-38", "FILE-61")
def test_of_parallel_confirmations_one_joins_and_all_answer_the_same(desk: Desk) -> None:
    begun = desk.init(CONTENT).json
    for part in begun["multipart"]["parts"]:
        send(desk, part)
    answers = at_once([partial(desk.confirm, begun["fileAssetId"])] * 4)
    assert {(answer.status, answer.json["status"]) for answer in answers} == {(200, "CONFIRMED")}


@pytest.mark.rule("FILE-61")
def test_a_small_file_has_one_address_and_a_large_one_may_use_it_too(desk: Desk) -> None:
    small = desk.init(pdf()).json
    assert small["multipart"] is None
    answer = desk.client.get(f"/v1/admin/files/{small['fileAssetId']}/parts", token=desk.editor.token, expect=409)
    assert answer.code == "UPLOAD_NOT_IN_PARTS"
    large = desk.init(CONTENT).json
    assert desk.put(large["upload"], CONTENT).status == 200
    desk.confirm(large["fileAssetId"], expect=200)


@pytest.mark.rule("FILE-01", "FILE-61")
def test_a_bucket_that_does_not_answer_begins_nothing(desk: Desk) -> None:
    desk.cloud.fault("s3", "CreateMultipartUpload", "SlowDown", times=9)
    assert desk.init(CONTENT).status == 502
    assert not [item for item in desk.cloud.items() if item["kind"]["S"] == "FileAsset"]


@pytest.fixture
def line(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The bucket behind a real port, to which bytes trickle."""
    server = Server(listen("127.0.0.1", 0, "MOTO_PORT"), desk.door.answer, threads=2, max_body=MAX_BODY)
    server.start()
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
    yield desk
    server.stop()


@pytest.mark.rule("FILE-60")
def test_what_was_begun_in_time_completes_however_long_it_takes(line: Desk) -> None:
    content = pdf(2, filler=200_000)
    begun = line.init(content).json
    url, headers = urlsplit(begun["upload"]["url"]), begun["upload"]["headers"]
    head = [f"PUT {url.path}?{url.query} HTTP/1.1", f"Host: {url.netloc}", "Expect: 100-continue", "Connection: close"]
    head += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 100 ")
        line.cloud.advance(1_800)
        connection.sendall(content)
        assert connection.recv(100).startswith(b"HTTP/1.1 200 ")
    late = requests.put(begun["upload"]["url"], data=content, headers=headers, timeout=20)
    assert late.status_code == 403
    token = line.people.token(line.editor.id, line.editor.session_id, "ADMIN")
    line.client.post(f"/v1/admin/files/confirm-upload/{begun['fileAssetId']}", token=token, expect=200)
