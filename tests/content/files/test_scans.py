"""Scanned uploads: what waits, what passes, what is thrown out."""

from __future__ import annotations

import json
from collections import Counter
from functools import partial
from typing import Any

import pytest

from chalicelib.content.files import FileAsset
from chalicelib.content.files.events import file_events
from chalicelib.content.files.scans import HEADER, signature
from chalicelib.platform import clock, store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.events.changes import Change
from infra.local.edge import Edge
from infra.local.gateway import Gateway
from infra.local.journal import Journal
from infra.local.scanner import EICAR, PATH, Scanner, told
from tests.content import pictures
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.client import Response
from tests.support.races import at_once

CONTENT = pdf(4)
OTHER = "01M7W40Q13T1PHW4JDV27B5ZA4"


@pytest.fixture(autouse=True)
def scanned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uploads are scanned."""
    monkeypatch.setenv("FILE_SCAN", "webhook")


def asset(asset_id: str) -> FileAsset:
    """A file as it is stored."""
    found = store.get(FileAsset, FileAsset.place(asset_id))
    assert found is not None
    return found


def audited(desk: Desk) -> Counter[str]:
    """How often each action on files was audited."""
    entries = (item["action"]["S"] for item in desk.cloud.items() if item["kind"]["S"] == "AuditEntry")
    return Counter(action for action in entries if action.startswith("file."))


def tell(desk: Desk, body: dict[str, Any], **headers: str) -> Response:
    """Post a result as the scanner does, signed unless ``headers`` say otherwise."""
    raw = json.dumps(body).encode()
    sent = {"Content-Type": "application/json", HEADER: signature(raw, clock.epoch()), **headers}
    return desk.client.call("POST", PATH, body=raw, headers=sent)


def scan(desk: Desk, asset_id: str) -> Response:
    """Let the local cloud's scanner look at a file, and tell."""
    incoming = told(str(asset(asset_id).object_key))
    return desk.client.call(incoming.method, incoming.path, body=incoming.body, headers=dict(incoming.headers))


def status(desk: Desk, asset_id: str) -> tuple[str, str]:
    """How a file stands."""
    seen = desk.client.get(f"/v1/admin/files/{asset_id}", token=desk.editor.token, expect=200).json
    return seen["status"], seen["scanStatus"]


@pytest.mark.rule("FILE-20", "FILE-37", "FILE-39")
@pytest.mark.parametrize("first", ["upload", "confirm", "inspection"])
def test_a_clean_file_is_confirmed_whatever_ends_first(desk: Desk, first: str) -> None:
    asset_id = desk.uploaded(CONTENT)
    if first == "upload":
        assert scan(desk, asset_id).status == 200
        assert asset(asset_id).status == "PENDING"
    assert desk.confirm(asset_id, expect=202).json["scanStatus"] == ("CLEAN" if first == "upload" else "WAITING")
    if first == "confirm":
        assert scan(desk, asset_id).status == 200
    desk.cloud.drain()
    if first == "inspection":
        assert status(desk, asset_id) == ("INSPECTING", "WAITING")
        assert desk.confirm(asset_id, expect=202).json["pageCount"] == 4
        body = {"subjectId": desk.subject()["id"], "title": "Soon", "isPremium": False, "fileAssetId": asset_id}
        assert desk.post("/v1/admin/notes", body, 409).code == "ASSET_NOT_READY"
        assert scan(desk, asset_id).status == 200
    assert status(desk, asset_id) == ("CONFIRMED", "CLEAN")
    assert asset(asset_id).gsi2pk is None
    for _ in range(2):
        assert scan(desk, asset_id).status == 200
        assert desk.confirm(asset_id, expect=200).json["pageCount"] == 4
    assert audited(desk) == {"file.init": 1, "file.confirm": 1}
    desk.note(fileAssetId=asset_id)


@pytest.mark.rule("FILE-21", "FILE-39")
@pytest.mark.parametrize("first", ["upload", "confirm", "inspection"])
def test_the_test_virus_is_never_confirmed_nor_used(desk: Desk, first: str) -> None:
    content = CONTENT + b"\n% " + EICAR + b"\n" + CONTENT[CONTENT.rindex(b"startxref") :]
    asset_id = desk.uploaded(content)
    if first == "upload":
        assert scan(desk, asset_id).status == 200
        assert desk.confirm(asset_id, expect=422).json["details"] == {"reason": "INFECTED"}
    else:
        desk.confirm(asset_id, expect=202)
    if first == "confirm":
        assert scan(desk, asset_id).status == 200
    desk.cloud.drain()
    if first == "inspection":
        assert status(desk, asset_id) == ("INSPECTING", "WAITING")
        assert scan(desk, asset_id).status == 200
    assert scan(desk, asset_id).status == 200
    assert status(desk, asset_id) == ("REJECTED", "INFECTED")
    assert desk.confirm(asset_id, expect=422).json["details"] == {"reason": "INFECTED"}
    assert audited(desk) == {"file.init": 1, "file.infected": 1}
    tags = clients.s3().get_object_tagging(Bucket=BUCKET_NAME(), Key=str(asset(asset_id).object_key))["TagSet"]
    assert tags == [{"Key": "state", "Value": "quarantine"}]
    subject = desk.subject()
    body = {"subjectId": subject["id"], "title": "Worms", "isPremium": False, "fileAssetId": asset_id}
    assert desk.post("/v1/admin/notes", body, 422).code == "ASSET_UNUSABLE"


@pytest.mark.rule("FILE-21")
def test_an_infected_file_in_use_is_withdrawn_and_an_unused_one_rejected(desk: Desk) -> None:
    used, unused = desk.uploaded(CONTENT), desk.uploaded(pdf(2))
    for asset_id in (used, unused):
        desk.confirm(asset_id, expect=202)
        scan(desk, asset_id)
        desk.cloud.drain()
    desk.note(fileAssetId=used)
    for asset_id in (used, unused, used):
        found = asset(asset_id)
        result = {"objectKey": found.object_key, "versionId": found.version_id, "result": "INFECTED"}
        assert tell(desk, result).status == 200
    assert status(desk, used) == ("CONFIRMED", "INFECTED")
    assert status(desk, unused) == ("REJECTED", "INFECTED")
    assert audited(desk)["file.infected"] == 2
    body = {"subjectId": desk.subject()["id"], "title": "Worms", "isPremium": False, "fileAssetId": used}
    assert desk.post("/v1/admin/notes", body, 422).code == "ASSET_UNUSABLE"


@pytest.mark.rule("FILE-39")
def test_a_scan_that_does_not_end_in_half_an_hour_fails_the_file(desk: Desk) -> None:
    late, clean = desk.uploaded(CONTENT), desk.uploaded(pdf(2))
    for asset_id in (late, clean):
        desk.confirm(asset_id, expect=202)
    scan(desk, clean)
    desk.cloud.drain()
    for minutes, expected in ((29, ("INSPECTING", "WAITING")), (2, ("REJECTED", "FAILED"))):
        desk.cloud.advance(minutes * 60)
        desk.cloud.invoke("fail_overdue_scans")
        found = asset(late)
        assert (found.status, found.scan_status) == expected
    assert asset(late).reject_reason == "SCAN_FAILED"
    assert asset(clean).status == "CONFIRMED"
    assert asset(late).object_key not in desk.cloud.objects()


@pytest.mark.rule("FILE-20", "FILE-39")
def test_a_worker_that_is_quicker_than_who_asked_it_does_not_pass_by_the_scan(desk: Desk) -> None:
    asset_id = desk.uploaded(CONTENT)
    desk.cloud.fault("dynamodb", "UpdateItem", "InternalServerError", times=9, function="confirm_upload")
    assert desk.confirm(asset_id).status == 503
    assert asset(asset_id).status == "PENDING"
    desk.cloud.faults.clear()
    desk.cloud.drain()
    assert status(desk, asset_id) == ("INSPECTING", "WAITING")
    assert desk.confirm(asset_id, expect=202).json["pageCount"] == 4
    scan(desk, asset_id)
    assert status(desk, asset_id) == ("CONFIRMED", "CLEAN")


@pytest.mark.rule("FILE-39")
@pytest.mark.parametrize("inspected", [False, True])
def test_a_scan_that_failed_fails_the_file(desk: Desk, inspected: bool) -> None:
    asset_id = desk.uploaded(CONTENT)
    desk.confirm(asset_id, expect=202)
    if inspected:
        desk.cloud.drain()
    result = {"objectKey": asset(asset_id).object_key, "versionId": asset(asset_id).version_id, "result": "FAILED"}
    for _ in range(2):
        assert tell(desk, result).status == 200
    desk.cloud.drain()
    assert status(desk, asset_id) == ("REJECTED", "FAILED")
    assert desk.confirm(asset_id, expect=422).json["details"] == {"reason": "SCAN_FAILED"}
    assert asset(asset_id).object_key not in desk.cloud.objects()
    assert audited(desk) == {"file.init": 1, "file.reject": 1}


@pytest.mark.rule("FILE-21", "FILE-39")
def test_results_of_other_objects_and_versions_change_nothing(desk: Desk) -> None:
    asset_id = desk.uploaded(CONTENT)
    desk.confirm(asset_id, expect=202)
    key, version_id = str(asset(asset_id).object_key), str(asset(asset_id).version_id)
    before = desk.cloud.items(f"ASSET#{asset_id}")
    for body in (
        {"objectKey": key, "versionId": "another", "result": "CLEAN"},
        {
            "objectKey": key.replace(asset_id, "01M7W40Q13T1PHW4JDV27B5ZA4"),
            "versionId": version_id,
            "result": "INFECTED",
        },
        {"objectKey": f"other/{asset_id}.pdf", "versionId": version_id, "result": "INFECTED"},
        {"objectKey": "nonsense", "result": "CLEAN"},
    ):
        assert tell(desk, body).status == 200
    assert desk.cloud.items(f"ASSET#{asset_id}") == before


@pytest.mark.rule("FILE-39")
@pytest.mark.parametrize("header", ["", "t=1,v1=" + "0" * 64, "v1=", "old", "other"])
def test_a_result_that_is_not_the_scanners_is_turned_away(desk: Desk, header: str) -> None:
    asset_id = desk.uploaded(CONTENT)
    desk.confirm(asset_id, expect=202)
    before = desk.cloud.items(f"ASSET#{asset_id}")
    body = {"objectKey": str(asset(asset_id).object_key), "versionId": asset(asset_id).version_id, "result": "CLEAN"}
    given = {"old": signature(json.dumps(body).encode(), clock.epoch() - 301), "other": signature(b"{}", clock.epoch())}
    answer = tell(desk, body, **{HEADER: given.get(header, header)})
    assert (answer.status, answer.code) == (401, "SIGNATURE_INVALID")
    assert desk.cloud.items(f"ASSET#{asset_id}") == before
    assert [one for one in desk.cloud.items() if one.get("type", {}).get("S") == "WEBHOOK_BAD_SIGNATURE"]


@pytest.mark.rule("FILE-39")
@pytest.mark.parametrize("body", [{}, {"objectKey": "x", "result": "PERHAPS"}, {"objectKey": 1, "result": "CLEAN"}])
def test_a_result_that_says_nothing_is_named(desk: Desk, body: dict[str, Any]) -> None:
    assert tell(desk, body).status == 422


@pytest.mark.rule("FILE-38", "FILE-39")
def test_confirmations_and_results_at_the_same_moment_settle_it_once(desk: Desk) -> None:
    asset_id = desk.uploaded(pictures.telling("PNG"), purpose="OTHER", contentType="image/png")
    answers = at_once([*[partial(desk.confirm, asset_id)] * 3, *[partial(scan, desk, asset_id)] * 3])
    assert {answer.status for answer in answers} <= {200, 202}
    desk.cloud.drain()
    assert status(desk, asset_id) == ("CONFIRMED", "CLEAN")
    assert audited(desk) == {"file.init": 1, "file.confirm": 1}


@pytest.mark.rule("FILE-39")
def test_an_icon_whose_scan_is_awaited_is_not_ready(desk: Desk) -> None:
    asset_id = desk.uploaded(pictures.picture(), purpose="CMS_IMAGE", contentType="image/png")
    desk.confirm(asset_id, expect=202)
    body = {"key": "maths", "name": "Mathematics", "iconAssetId": asset_id}
    assert desk.post("/v1/admin/subjects", body, 409).code == "ASSET_NOT_READY"
    scan(desk, asset_id)
    desk.cloud.drain()
    desk.post("/v1/admin/subjects", body, 201)


@pytest.mark.rule("FILE-39")
def test_the_local_cloud_scans_what_is_stored(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    noticed: list[str] = []
    monkeypatch.setattr(desk.cloud, "on_stored", noticed.append)
    asset_id = desk.uploaded(CONTENT)
    eicar = desk.uploaded(EICAR, purpose="OTHER")
    assert noticed == [asset(asset_id).object_key, asset(eicar).object_key]
    scanner = Scanner(Gateway(desk.cloud, Journal(), Edge()).answer)
    assert [scanner.scan(key).status for key in noticed] == [200, 200]
    assert (asset(asset_id).scan_status, asset(eicar).scan_status) == ("CLEAN", "INFECTED")
    assert desk.confirm(eicar, expect=422).json["details"] == {"reason": "INFECTED"}


@pytest.mark.rule("FILE-20", "FILE-21")
def test_what_becomes_of_a_file_is_told_once(desk: Desk) -> None:
    place = FileAsset.place("01M7W40Q13T1PHW4JDV27B5ZA4")

    def state(status: str, scan_status: str = "WAITING", references: int = 0) -> FileAsset:
        more = {"status": status, "scan_status": scan_status, "references": references}
        return FileAsset(place.pk, place.sk, id="01M7W40Q13T1PHW4JDV27B5ZA4", purpose="OTHER", **more)

    def told(old: FileAsset | None, new: FileAsset | None) -> list[str]:
        return [type(event).__name__ for event in file_events(Change(old, new, "1"))]

    pending, waiting, confirmed = state("PENDING"), state("INSPECTING"), state("CONFIRMED", "CLEAN")
    assert told(None, pending) == told(pending, waiting) == told(pending, None) == []
    assert told(waiting, confirmed) == told(pending, confirmed) == ["FileConfirmed"]
    assert told(waiting, state("REJECTED", "INFECTED")) == told(confirmed, state("REJECTED", "INFECTED"))
    assert told(waiting, state("REJECTED")) == ["FileRejected"]
    assert told(confirmed, state("CONFIRMED", "CLEAN", 1)) == []
    assert told(confirmed, state("CONFIRMED", "INFECTED", 1)) == ["FileWithdrawn"]
    (event,) = file_events(Change(waiting, confirmed, "1"))
    assert event.key == "01M7W40Q13T1PHW4JDV27B5ZA4"
