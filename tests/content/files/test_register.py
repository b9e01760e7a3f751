"""The media library: lists, deletion, and what becomes of the bytes."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content.files import FileAsset
from chalicelib.platform import store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.content import pictures
from tests.content.desk import DAY, Desk
from tests.content.paper import pdf
from tests.support.races import at_once

FILES = "/v1/admin/files"


def listed(desk: Desk, **query: Any) -> list[str]:
    """The ids of a whole list, page by page."""
    token = desk.people.token(desk.editor.id, desk.editor.session_id, "ADMIN")
    ids: list[str] = []
    cursor: str | None = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = desk.client.get(
            FILES, query={"purpose": "NOTES_PDF", "limit": 2, **query, **more}, token=token, expect=200
        )
        ids += [one["id"] for one in page.json["items"]]
        cursor = page.json["nextCursor"]
        if cursor is None:
            return ids


def delete(desk: Desk, asset_id: str, **more: Any) -> Any:
    """Delete a file."""
    return desk.client.call("DELETE", f"{FILES}/{asset_id}", token=desk.editor.token, **more)


@pytest.mark.rule("FILE-04")
def test_files_of_a_purpose_are_listed_newest_first_and_chosen(desk: Desk) -> None:
    used, unused, pending = desk.file(pdf(1)), desk.file(pdf(2)), desk.uploaded(pdf(3))
    refused = desk.uploaded(b"no pdf")
    desk.confirm(refused, expect=422)
    image = desk.uploaded(pictures.picture(), purpose="CMS_IMAGE", contentType="image/png")
    note = desk.draft(fileAssetId=used)
    assert listed(desk) == [refused, pending, unused, used]
    assert listed(desk, status="CONFIRMED") == [unused, used]
    assert listed(desk, status="PENDING") == [pending]
    assert listed(desk, status="REJECTED") == [refused]
    assert listed(desk, unused="true") == [unused]
    assert listed(desk, unused="false") == [used]
    assert listed(desk, purpose="CMS_IMAGE") == [image]
    desk.client.patch(
        f"/v1/admin/notes/{note['id']}", json={"fileAssetId": unused}, token=desk.editor.token, expect=200
    )
    assert listed(desk, unused="true") == [used]
    delete(desk, used, expect=204)
    assert listed(desk) == [refused, pending, unused]
    desk.cloud.advance(DAY)
    assert listed(desk) == [refused, unused]


@pytest.mark.rule("FILE-04")
def test_a_list_tells_nothing_of_where_files_are_and_costs_two_round_trips(desk: Desk) -> None:
    asset_id = desk.file()
    with desk.cloud.calls.during() as calls:
        answer = desk.client.get(FILES, query={"purpose": "NOTES_PDF"}, token=desk.editor.token, expect=200)
    operations = [call.operation for call in calls if call.service == "dynamodb" and call.function == "list_files"]
    assert operations[-2:] == ["Query", "BatchGetItem"]
    assert len(operations) == 3
    (item,) = answer.json["items"]
    assert (item["id"], item["pageCount"], item["referenceCount"]) == (asset_id, 3, 0)
    told = answer.body.decode()
    for secret in ("notes/", BUCKET_NAME(), "amazonaws", "objectKey", "versionId"):
        assert secret not in told


@pytest.mark.rule("FILE-04")
def test_lists_are_for_staff_and_need_a_purpose(desk: Desk) -> None:
    assert desk.client.get(FILES, token=desk.editor.token).status == 422
    assert desk.client.get(FILES, query={"purpose": "NOTES_PDF"}, token=desk.student().token).status == 403


@pytest.mark.rule("FILE-05")
def test_what_is_used_stays_and_what_is_not_goes(desk: Desk) -> None:
    asset_id = desk.file()
    note = desk.draft(fileAssetId=asset_id)
    answer = delete(desk, asset_id, expect=409)
    assert (answer.code, answer.json["details"]) == ("ASSET_IN_USE", {"references": 1})
    desk.client.patch(
        f"/v1/admin/notes/{note['id']}", json={"fileAssetId": desk.file(pdf(2))}, token=desk.editor.token, expect=200
    )
    delete(desk, asset_id, expect=204)
    for answer in (delete(desk, asset_id), desk.client.get(f"{FILES}/{asset_id}", token=desk.editor.token)):
        assert (answer.status, answer.code) == (404, "FILE_NOT_FOUND")
    body = {"subjectId": desk.subject()["id"], "title": "Gone", "isPremium": False, "fileAssetId": asset_id}
    assert desk.post("/v1/admin/notes", body, 422).code == "ASSET_UNUSABLE"
    audited = [item for item in desk.cloud.items() if item.get("action", {}).get("S") == "file.delete"]
    assert len(audited) == 1


@pytest.mark.rule("FILE-05", "ACC-63")
def test_only_whose_work_it_is_deletes(desk: Desk) -> None:
    asset_id = desk.file()
    for person in (desk.student(), desk.staff("content.manage"), desk.staff("security.manage")):
        assert desk.client.call("DELETE", f"{FILES}/{asset_id}", token=person.token).status == 403
    assert listed(desk) == [asset_id]


@pytest.mark.rule("FILE-05", "FILE-40")
def test_a_file_that_is_taken_and_deleted_at_the_same_moment_is_one_of_both(desk: Desk) -> None:
    subject = desk.subject()
    for _ in range(5):
        asset_id = desk.file()
        body = {"subjectId": subject["id"], "title": "Now", "isPremium": False, "fileAssetId": asset_id}
        deleted, taken = at_once(
            [partial(delete, desk, asset_id), partial(desk.post, "/v1/admin/notes", body)]  # type: ignore[list-item]
        )
        assert (deleted.status, taken.status) in {(204, 422), (409, 201)}


@pytest.mark.rule("FILE-23")
def test_bytes_go_a_month_after_their_file(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FILE_DELETE_AFTER_DAYS", "2")
    image = desk.uploaded(pictures.telling("PNG"), purpose="CMS_IMAGE", contentType="image/png")
    desk.confirm(image, expect=200)
    first, second, kept = desk.file(pdf(1)), desk.file(pdf(2)), desk.file(pdf(3))
    for asset_id in (image, first):
        delete(desk, asset_id, expect=204)
    desk.cloud.advance(DAY)
    token = desk.people.token(desk.editor.id, desk.editor.session_id, "ADMIN")
    desk.client.call("DELETE", f"{FILES}/{second}", token=token, expect=204)

    def versions() -> set[str]:
        found = clients.s3().list_object_versions(Bucket=BUCKET_NAME()).get("Versions", [])
        return {asset_id for asset_id in (image, first, second, kept) for one in found if asset_id in one["Key"]}

    for days, removed, left in ((0, 0, {image, first, second, kept}), (1, 2, {second, kept}), (0, 0, {second, kept})):
        desk.cloud.advance(days * DAY + 1)
        assert desk.cloud.invoke("remove_deleted_files").answer == {"removed": removed}
        assert versions() == left
    found = store.get(FileAsset, FileAsset.place(first))
    assert found is not None
    assert (found.status, found.gsi2pk) == ("DELETED", None)
    desk.cloud.advance(2 * DAY)
    desk.cloud.fault("s3", "DeleteObject", "SlowDown", times=9)
    assert desk.cloud.invoke("remove_deleted_files").error is not None
    desk.cloud.faults.clear()
    assert desk.cloud.invoke("remove_deleted_files").answer == {"removed": 1}
    assert versions() == {kept}


@pytest.mark.rule("FILE-05")
def test_a_pending_upload_can_be_deleted_and_then_not_confirmed(desk: Desk) -> None:
    asset_id = desk.uploaded(pdf())
    delete(desk, asset_id, expect=204)
    assert desk.confirm(asset_id, expect=404).code == "FILE_NOT_FOUND"
