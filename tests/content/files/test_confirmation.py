"""Confirming uploads by what is really there."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from chalicelib.content.files import FileAsset, confirmation
from chalicelib.platform import store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.content.desk import Desk
from tests.content.paper import active, pdf
from tests.support.people import People
from tests.support.races import at_once

CONTENT = pdf(4)
CONFIRM = "/v1/admin/files/confirm-upload"


def audited(desk: Desk) -> Counter[str]:
    """How often each action was audited."""
    return Counter(item["action"]["S"] for item in desk.cloud.items() if item["kind"]["S"] == "AuditEntry")


def asset(asset_id: str) -> FileAsset:
    """A file as it is stored."""
    found = store.get(FileAsset, FileAsset.place(asset_id))
    assert found is not None
    return found


def stored(desk: Desk) -> list[str]:
    """The keys of the objects in the bucket."""
    return [one["Key"] for one in clients.s3().list_objects_v2(Bucket=BUCKET_NAME()).get("Contents", [])]


@pytest.mark.rule("FILE-02", "FILE-33")
@pytest.mark.parametrize("checksum", [False, True])
def test_a_sound_upload_is_confirmed(desk: Desk, checksum: bool) -> None:
    asset_id = desk.uploaded(CONTENT, checksum=checksum)
    answer = desk.confirm(asset_id, expect=200)
    body = answer.json
    assert (body["status"], body["pageCount"], body["scanStatus"]) == ("CONFIRMED", 4, "NOT_REQUIRED")
    assert (body["id"], body["sizeBytes"], body["rejectReason"]) == (asset_id, len(CONTENT), None)
    found = asset(asset_id)
    assert found.ttl is None
    tags = clients.s3().get_object_tagging(Bucket=BUCKET_NAME(), Key=str(found.object_key))["TagSet"]
    assert tags == [{"Key": "state", "Value": "confirmed"}]
    assert audited(desk) == {"file.init": 1, "file.confirm": 1}


@pytest.mark.rule("FILE-02", "FILE-38")
def test_repeating_it_answers_the_same_and_audits_nothing(desk: Desk) -> None:
    asset_id = desk.uploaded(CONTENT)
    first = desk.confirm(asset_id, expect=200).json
    desk.cloud.advance(86_500)
    token = desk.people.token(desk.editor.id, desk.editor.session_id, "ADMIN")
    again = desk.client.post(f"{CONFIRM}/{asset_id}", token=token, expect=200).json
    assert again == first
    assert audited(desk)["file.confirm"] == 1


@pytest.mark.rule("FILE-38")
def test_of_parallel_confirmations_one_counts_and_all_answer_the_same(desk: Desk) -> None:
    asset_id = desk.uploaded(CONTENT)
    answers = at_once([partial(desk.confirm, asset_id)] * 6)
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert audited(desk)["file.confirm"] == 1
    assert int(asset(asset_id).version) == 2


@pytest.mark.rule("FILE-02")
def test_nothing_uploaded_yet_is_a_conflict(desk: Desk) -> None:
    begun = desk.init(CONTENT).json
    assert desk.confirm(begun["fileAssetId"], expect=409).code == "UPLOAD_NOT_FOUND"
    assert desk.put(begun["upload"], CONTENT).status == 200
    desk.confirm(begun["fileAssetId"], expect=200)


@pytest.mark.rule("FILE-33", "FILE-34")
def test_another_size_than_declared_leaves_it_pending(desk: Desk) -> None:
    begun = desk.init(CONTENT).json
    key = str(asset(begun["fileAssetId"]).object_key)
    clients.s3().put_object(Bucket=BUCKET_NAME(), Key=key, Body=CONTENT + b"\n")
    answer = desk.confirm(begun["fileAssetId"], expect=409)
    assert answer.code == "UPLOAD_MISMATCH"
    assert answer.json["details"] == {"declared": len(CONTENT), "found": len(CONTENT) + 1}
    assert asset(begun["fileAssetId"]).status == "PENDING"
    assert audited(desk)["file.confirm"] == 0


@pytest.mark.rule("FILE-33", "FILE-34")
def test_another_checksum_than_declared_leaves_it_pending(desk: Desk) -> None:
    begun = desk.init(CONTENT, checksum=True).json
    key = str(asset(begun["fileAssetId"]).object_key)
    clients.s3().put_object(Bucket=BUCKET_NAME(), Key=key, Body=CONTENT.replace(b"300", b"301"))
    answer = desk.confirm(begun["fileAssetId"], expect=409)
    assert (answer.code, answer.json["details"]) == ("UPLOAD_MISMATCH", {"checksum": False})
    assert asset(begun["fileAssetId"]).status == "PENDING"


@pytest.mark.rule("FILE-34", "FILE-36")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (active("named-script"), "PDF_ACTIVE_CONTENT"),
        (pdf(password="secret"), "PDF_ENCRYPTED"),
        (pdf(2_001), "PDF_TOO_MANY_PAGES"),
        (CONTENT[: len(CONTENT) // 2], "PDF_UNREADABLE"),
        (b"PK\x03\x04" + bytes(500), "PDF_UNREADABLE"),
    ],
)
def test_what_breaks_a_rule_is_rejected_and_removed(desk: Desk, content: bytes, reason: str) -> None:
    asset_id = desk.uploaded(content)
    for _ in range(2):
        answer = desk.confirm(asset_id, expect=422)
        assert (answer.code, answer.json["details"]) == ("FILE_REFUSED", {"reason": reason})
    found = asset(asset_id)
    assert (found.status, found.reject_reason, found.ttl) == ("REJECTED", reason, None)
    assert stored(desk) == []
    assert audited(desk) == {"file.init": 1, "file.reject": 1}


@pytest.mark.rule("FILE-33")
def test_readers_get_the_confirmed_version_whatever_lands_on_its_key(desk: Desk) -> None:
    asset_id = desk.uploaded(CONTENT)
    desk.confirm(asset_id, expect=200)
    found = asset(asset_id)
    clients.s3().put_object(Bucket=BUCKET_NAME(), Key=str(found.object_key), Body=active("open-action"))
    note = desk.note(fileAssetId=asset_id)
    student = desk.student()
    token = desk.open(note, student).json["viewToken"]
    assert desk.content(note, student, token).body == CONTENT


@pytest.mark.rule("FILE-33")
def test_a_bucket_that_does_not_answer_leaves_it_pending(desk: Desk) -> None:
    asset_id = desk.uploaded(CONTENT)
    for operation in ("HeadObject", "GetObject", "PutObjectTagging"):
        desk.cloud.fault("s3", operation, "SlowDown", times=20)
        assert desk.confirm(asset_id).status == 502
        desk.cloud.faults.clear()
        assert asset(asset_id).status == "PENDING"
    desk.confirm(asset_id, expect=200)


@pytest.mark.rule("FILE-02", "ACC-63")
def test_only_the_uploader_and_content_managers_confirm(desk: Desk, people: People) -> None:
    asset_id = desk.uploaded(CONTENT)
    for person in (people.student(), people.admin("ADMIN_TEST"), people.admin("ADMIN_FINANCE")):
        desk.client.post(f"{CONFIRM}/{asset_id}", token=person.token, expect=403)
    assert asset(asset_id).status == "PENDING"
    desk.client.post(f"{CONFIRM}/{asset_id}", token=people.admin("ADMIN_CONTENT").token, expect=200)
    for other in ("01M7W40Q13T1PHW4JDV27B5ZA4", "nonsense"):
        assert desk.confirm(other, expect=404).code == "FILE_NOT_FOUND"


@pytest.mark.rule("FILE-37")
def test_a_large_file_is_inspected_by_the_worker(desk: Desk) -> None:
    content = pdf(2, filler=confirmation.INLINE_BYTES)
    asset_id = desk.uploaded(content)
    first = desk.confirm(asset_id, expect=202)
    assert (first.json["status"], first.json["pageCount"]) == ("INSPECTING", None)
    assert desk.confirm(asset_id, expect=202).json == first.json
    assert len(desk.cloud.messages("file-inspections")) == 1
    desk.cloud.drain()
    seen = desk.client.get(f"/v1/admin/files/{asset_id}", token=desk.editor.token, expect=200).json
    assert (seen["status"], seen["pageCount"]) == ("CONFIRMED", 2)
    assert desk.confirm(asset_id, expect=200).json["status"] == "CONFIRMED"
    assert audited(desk) == {"file.init": 1, "file.confirm": 1}


@pytest.mark.rule("FILE-37")
def test_a_large_file_that_breaks_a_rule_is_rejected_by_the_worker(desk: Desk) -> None:
    content = pdf(2, filler=confirmation.INLINE_BYTES)
    asset_id = desk.uploaded(content[: len(content) - 20] + bytes(20))
    desk.confirm(asset_id, expect=202)
    desk.cloud.drain()
    assert desk.confirm(asset_id, expect=422).json["details"] == {"reason": "PDF_UNREADABLE"}
    assert stored(desk) == []
    assert audited(desk) == {"file.init": 1, "file.reject": 1}


@pytest.mark.rule("FILE-37")
def test_an_inspection_that_keeps_failing_ends_as_a_rejection(desk: Desk) -> None:
    asset_id = desk.uploaded(pdf(2, filler=confirmation.INLINE_BYTES))
    desk.confirm(asset_id, expect=202)
    desk.cloud.fault("s3", "HeadObject", "SlowDown", times=10_000)
    desk.cloud.drain()
    assert (asset(asset_id).status, asset(asset_id).reject_reason) == ("REJECTED", "INSPECTION_FAILED")
    assert desk.cloud.messages("file-inspections") == []


@pytest.mark.rule("FILE-03")
def test_a_file_tells_who_uses_it_and_nothing_of_where_it_is(desk: Desk, people: People) -> None:
    asset_id = desk.file(CONTENT)
    subject = desk.subject()
    notes = [desk.draft(fileAssetId=asset_id, subject=subject), desk.note(fileAssetId=asset_id, subject=subject)]
    answer = desk.client.get(f"/v1/admin/files/{asset_id}", token=people.admin("ADMIN_TEST").token, expect=200)
    assert answer.json["referenceCount"] == 2
    expected = [
        {"refType": "NOTE", "refId": notes[0]["id"], "published": False},
        {"refType": "NOTE", "refId": notes[1]["id"], "published": True},
    ]
    assert sorted(answer.json["references"], key=lambda one: one["published"]) == expected
    told = (answer.body + str(dict(answer.headers)).encode()).decode()
    for secret in ("notes/", BUCKET_NAME(), "amazonaws", str(asset(asset_id).version_id), "objectKey", "versionId"):
        assert secret not in told
    desk.client.get(f"/v1/admin/files/{asset_id}", token=people.student().token, expect=403)
    missing = desk.client.get("/v1/admin/files/01M7W40Q13T1PHW4JDV27B5ZA4", token=desk.editor.token, expect=404)
    assert missing.code == "FILE_NOT_FOUND"
