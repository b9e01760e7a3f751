"""The bytes of assets, and of files that staff look at."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.content.files import Audience, FileAsset
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from infra.local.emulator import Emulator
from tests.content.assets import shelf
from tests.content.desk import Desk
from tests.support.client import Client
from tests.support.people import People

MIB = 1_048_576
LARGE = bytes(range(256)) * (4 * 4096 + 1)


def shown(content: bytes = shelf.PICTURE, audience: Audience = Audience.STUDENT, **more: Any) -> str:
    """An asset on a page."""
    asset_id = shelf.put(content, "CMS_IMAGE", **more)
    shelf.use(asset_id, "PAGE", audience=audience)
    return asset_id


@pytest.mark.rule("FILE-06", "FILE-45", "FILE-48")
def test_an_image_comes_whole_with_what_a_browser_needs(client: Client, people: People, cloud: Emulator) -> None:
    asset_id, student = shown(), people.student()
    path = f"/v1/assets/{asset_id}"
    answer = client.get(path, token=student.token, expect=200)
    assert answer.body == shelf.PICTURE
    told = {
        "content-type": "image/png",
        "content-length": str(len(shelf.PICTURE)),
        "content-disposition": 'inline; filename="fundamental-rights-1.png"',
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
        "cache-control": "private, max-age=60",
        "vary": "Origin, Authorization",
    }
    assert {name: answer.headers[name] for name in told} == told
    etag = answer.headers["etag"]
    assert re.fullmatch(rf'"a{asset_id}-[0-9a-f]{{16}}"', etag)
    head = client.call("HEAD", path, token=student.token, expect=200)
    assert (head.body, head.headers["x-content-length"], head.headers["etag"]) == (b"", str(len(shelf.PICTURE)), etag)
    part = client.get(path, token=student.token, headers={"Range": "bytes=2-5"}, expect=206)
    assert (part.body, part.headers["content-range"]) == (shelf.PICTURE[2:6], f"bytes 2-5/{len(shelf.PICTURE)}")
    with cloud.calls.during() as calls:
        known = client.get(path, token=student.token, headers={"If-None-Match": etag}, expect=304)
    assert (known.body, known.headers["etag"]) == (b"", etag)
    assert "s3" not in {call.service for call in calls}
    other = people.student(status="BLOCKED")
    assert client.get(path, token=other.token, headers={"If-None-Match": etag}).code == "ACCOUNT_BLOCKED"
    asked = client.get(f"/v1/assets/{shelf.put()}", token=student.token, headers={"If-None-Match": "*"})
    assert asked.status == 404


@pytest.mark.rule("FILE-06")
def test_a_delivery_costs_the_same_however_many_places_use_it(desk: Desk) -> None:
    subject, student = (
        desk.subject()["id"],
        desk.student({"kind": "PRACTICE", "subjectIds": ["x"], "topicIds": ["t39"]}),
    )
    few, many = shelf.put(), shelf.put()
    for number in range(40):
        shelf.use(many, subject_id=subject, topic_ids=[f"t{number}"])
    shelf.use(few, subject_id=subject, topic_ids=["t39"])
    for asset_id in (few, many):
        desk.client.get(f"/v1/assets/{asset_id}", token=student.token, expect=200)
        with desk.cloud.calls.during() as calls:
            desk.client.get(f"/v1/assets/{asset_id}", token=student.token, expect=200)
        # The card; the file with its places; their subject; the bytes, and beside them the count.
        expected = ["BatchGetItem", "GetItem", "GetObject", "Query", "UpdateItem"]
        assert sorted(call.operation for call in calls) == expected


@pytest.mark.rule("FILE-48")
def test_what_is_public_is_cached_by_everybody(client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    asset_id = shown(audience=Audience.PUBLIC)
    for token in (None, people.student().token):
        answer = client.get(f"/v1/assets/{asset_id}", token=token, expect=200)
        assert (answer.headers["cache-control"], answer.headers["vary"]) == ("public, max-age=300", "Origin")
    monkeypatch.setenv("ASSET_CACHE_SECONDS", "5")
    answer = client.get(f"/v1/assets/{shown()}", token=people.student().token, expect=200)
    assert answer.headers["cache-control"] == "private, max-age=5"


@pytest.mark.rule("FILE-45")
def test_a_file_over_four_mebibytes_is_read_by_ranges(client: Client, people: People) -> None:
    asset_id, token = shown(LARGE, content_type="application/pdf", file_name="स्वराज.pdf"), people.student().token
    path, length = f"/v1/assets/{asset_id}", len(LARGE)
    whole = client.get(path, token=token)
    assert (whole.code, whole.headers["x-content-length"]) == ("RANGE_REQUIRED", str(length))
    first = client.get(path, token=token, headers={"Range": "bytes=0-"}, expect=206)
    assert first.headers["content-range"] == f"bytes 0-{4 * MIB - 1}/{length}"
    assert first.headers["content-disposition"] == 'inline; filename="file.pdf"'
    rest = client.get(path, token=token, headers={"Range": f"bytes={4 * MIB}-"}, expect=206)
    assert first.body + rest.body == LARGE
    assert client.get(path, token=token, headers={"Range": f"bytes={length}-"}).code == "RANGE_NOT_SATISFIABLE"
    assert client.get(path, token=token, headers={"If-Match": '"other"'}).code == "VERSION_MISMATCH"


@pytest.mark.rule("FILE-33", "FILE-45")
def test_what_is_uploaded_later_under_the_same_address_is_never_delivered(client: Client, people: People) -> None:
    asset_id, token = shown(), people.student().token
    clients.s3().put_object(Bucket=BUCKET_NAME(), Key=f"tests/{asset_id}", Body=b"something else")
    assert client.get(f"/v1/assets/{asset_id}", token=token, expect=200).body == shelf.PICTURE


@pytest.mark.rule("FILE-45")
def test_nothing_of_where_it_is_stored_is_told(client: Client, people: People, cloud: Emulator) -> None:
    asset_id, token = shown(), people.student().token
    answers = [client.get(f"/v1/assets/{asset_id}", token=token)]
    cloud.fault("s3", "GetObject", "InternalError", times=9)
    answers.append(client.get(f"/v1/assets/{asset_id}", token=token))
    assert [answer.status for answer in answers] == [200, 502]
    assert answers[1].headers["retry-after"] == "1"
    for answer in answers:
        text = f"{answer.headers}{answer.body!r}"
        assert not [word for word in (BUCKET_NAME(), "amazonaws", f"tests/{asset_id}", "location") if word in text]


@pytest.mark.rule("FILE-07")
def test_staff_look_at_files_of_their_own_work(desk: Desk) -> None:
    allowed = {
        "NOTES_PDF": {"notes.read"},
        "PRINT_PDF": {"content.read", "print.generate"},
        "QUESTION_IMAGE": {"content.manage", "questions.write"},
        "EVIDENCE_IMAGE": {"security.manage"},
        "COURSE_FILE": {"content.read", "courses.write"},
    }
    everything = {"notes.read", "content.read", "content.manage", "print.generate", "questions.write"}
    people = {name: desk.staff(name) for name in everything | {"security.manage", "courses.write"}}
    for purpose, permissions in allowed.items():
        path = f"/v1/admin/files/{shelf.put(purpose=purpose)}/content"
        for name, person in people.items():
            answer = desk.client.get(path, token=person.token)
            generally = name in {"content.read", "content.manage"} and purpose not in {"NOTES_PDF", "EVIDENCE_IMAGE"}
            assert answer.status == (200 if name in permissions or generally else 403), (purpose, name)
        for person_token in (desk.student({"kind": "ALL"}).token, None):
            assert desk.client.get(path, token=person_token).status in {401, 403}


@pytest.mark.rule("FILE-07")
def test_staff_read_by_the_ranges_of_notes_and_nothing_is_cached(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asset_id = shelf.put(LARGE, "NOTES_PDF", content_type="application/pdf")
    path, reader = f"/v1/admin/files/{asset_id}/content", desk.staff("notes.read")
    assert desk.client.get(path, token=reader.token).code == "RANGE_REQUIRED"
    part = desk.client.get(path, token=reader.token, headers={"Range": "bytes=0-"}, expect=206)
    assert (len(part.body), part.headers["cache-control"]) == (MIB, "no-store, max-age=0")
    head = desk.client.call("HEAD", path, token=reader.token, expect=200)
    assert head.headers["x-content-length"] == str(len(LARGE))
    for status in ("PENDING", "INSPECTING", "REJECTED", "DELETED"):
        shelf.change(asset_id, FileAsset.status.set(status))
        assert desk.client.get(path, token=reader.token).code == "FILE_NOT_FOUND"
    shelf.change(asset_id, FileAsset.status.set("CONFIRMED"), FileAsset.scan_status.set("INFECTED"))
    assert desk.client.get(path, token=reader.token).code == "FILE_NOT_FOUND"
