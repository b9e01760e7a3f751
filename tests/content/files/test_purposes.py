"""What files are for: who uploads them, of which types and sizes, and where their bytes go."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.content.files import FileAsset
from chalicelib.platform import clock, store
from chalicelib.platform.access.catalogue import Actions
from tests.content import pictures
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.people import Person

INIT = "/v1/admin/files/init-upload"
PDF, IMAGES = ("application/pdf",), ("image/png", "image/jpeg", "image/webp")
EXTENSIONS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
}
TABLE: dict[str, tuple[str, str, tuple[str, ...], int]] = {
    "NOTES_PDF": ("notes.write", "notes", PDF, 536_870_912),
    "PRINT_PDF": ("print.generate", "prints", PDF, 104_857_600),
    "QUESTION_IMAGE": ("questions.write", "qassets", IMAGES, 2_097_152),
    "OPTION_IMAGE": ("questions.write", "qassets", IMAGES, 2_097_152),
    "EXPLANATION_IMAGE": ("questions.write", "qassets", IMAGES, 2_097_152),
    "CMS_IMAGE": ("content.manage", "cms", IMAGES, 2_097_152),
    "COURSE_IMAGE": ("courses.write", "courses", IMAGES, 2_097_152),
    "COURSE_FILE": ("courses.write", "courses", PDF + IMAGES, 104_857_600),
    "EVIDENCE_IMAGE": ("security.manage", "evidence", IMAGES, 4_194_304),
    "SETTLEMENT_CSV": ("payments.manage", "settlements", ("text/csv",), 2_097_152),
    "OTHER": ("content.manage", "misc", PDF + IMAGES, 20_971_520),
}
"""Purpose → permission, folder, types, most bytes."""
EVERY = [str(permission) for permission in Actions.FILES_UPLOAD.permissions]


def begin(desk: Desk, person: Person, **body: Any) -> Any:
    """Begin an upload as somebody."""
    whole = {"fileName": "../../x.svg", "contentType": "image/png", "sizeBytes": 9, **body}
    return desk.client.post(INIT, json=whole, token=person.token)


@pytest.mark.rule("FILE-01", "FILE-30", "FILE-31", "ACC-63")
@pytest.mark.parametrize("purpose", TABLE)
def test_each_purpose_has_its_people_types_sizes_and_folder(
    desk: Desk, purpose: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_UPLOAD", "off")
    permission, folder, types, most = TABLE[purpose]
    person = desk.staff(permission)
    for content_type, extension in EXTENSIONS.items():
        answer = begin(desk, person, purpose=purpose, contentType=content_type, sizeBytes=most)
        if content_type not in types:
            assert (answer.status, answer.code) == (422, "TYPE_NOT_ALLOWED")
            continue
        asset = store.get(FileAsset, FileAsset.place(answer.json["fileAssetId"]))
        assert asset is not None
        assert asset.object_key == f"{folder}/{clock.now():%Y/%m}/{asset.id}.{extension}"
        assert answer.json["maxBytes"] == most
    for size in (0, most + 1):
        answer = begin(desk, person, purpose=purpose, contentType=types[0], sizeBytes=size)
        assert (answer.code, answer.json["details"]) == ("SIZE_NOT_ALLOWED", {"maxBytes": most})
    for content_type in ("image/svg+xml", "image/gif", "text/html"):
        assert begin(desk, person, purpose=purpose, contentType=content_type).code == "TYPE_NOT_ALLOWED"
    others = desk.staff(*(other for other in EVERY if other != permission))
    assert begin(desk, others, purpose=purpose, contentType=types[0]).status == 403
    kinds = [item["kind"]["S"] for item in desk.cloud.items()]
    assert kinds.count("FileAsset") == len(types)


@pytest.mark.rule("FILE-30")
def test_avatars_are_ones_own(desk: Desk) -> None:
    person = desk.staff("content.manage")
    answer = begin(desk, person, purpose="AVATAR", sizeBytes=524_288)
    assert answer.status == 201
    assert begin(desk, person, purpose="AVATAR", sizeBytes=524_289).code == "SIZE_NOT_ALLOWED"
    path = f"/v1/admin/files/confirm-upload/{answer.json['fileAssetId']}"
    assert desk.client.post(path, token=desk.editor.token).status == 403


@pytest.mark.rule("FILE-01", "FILE-30")
def test_the_most_bytes_are_a_stages_to_decide(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_IMAGE_BYTES", "65536")
    assert begin(desk, desk.editor, purpose="CMS_IMAGE", sizeBytes=65_537).code == "SIZE_NOT_ALLOWED"


@pytest.mark.rule("FILE-62")
def test_the_same_content_again_is_hinted_at(desk: Desk) -> None:
    content, other = pictures.picture(), pictures.picture("PNG", (10, 10))
    # The first had no checksum declared: it was computed.
    first = desk.uploaded(content, purpose="CMS_IMAGE", contentType="image/png")
    desk.confirm(first, expect=200)
    pending = desk.init(other, purpose="CMS_IMAGE", contentType="image/png", checksum=True).json
    assert pending["duplicateOf"] is None
    hinted = {
        purpose: desk.init(content, purpose=purpose, contentType="image/png", checksum=True).json["duplicateOf"]
        for purpose in ("CMS_IMAGE", "OTHER")
    }
    assert hinted == {"CMS_IMAGE": first, "OTHER": None}
    assert desk.init(other, purpose="CMS_IMAGE", contentType="image/png", checksum=True).json["duplicateOf"] is None
    assert desk.init(content, purpose="CMS_IMAGE", contentType="image/png").json["duplicateOf"] is None
    desk.client.call("DELETE", f"/v1/admin/files/{first}", token=desk.editor.token, expect=204)
    assert desk.init(content, purpose="CMS_IMAGE", contentType="image/png", checksum=True).json["duplicateOf"] is None


@pytest.mark.rule("FILE-64")
def test_images_are_described_in_words_at_init_and_later(desk: Desk) -> None:
    asset_id = desk.uploaded(pictures.picture(), purpose="CMS_IMAGE", contentType="image/png", alt="दक्कन का नक्शा")
    seen = desk.confirm(asset_id, expect=200)
    assert seen.json["alt"] == "दक्कन का नक्शा"
    path, token = f"/v1/admin/files/{asset_id}", desk.editor.token
    changed = desk.client.patch(path, json={"alt": "A map"}, token=token, headers={"If-Match": '"v2"'}, expect=200)
    assert (changed.json["alt"], changed.headers["etag"]) == ("A map", '"v3"')
    stale = desk.client.patch(path, json={"alt": "Another"}, token=token, headers={"If-Match": '"v2"'})
    assert stale.status == 412
    assert desk.client.patch(path, json={"alt": "A map"}, token=token, expect=200).json["version"] == 3
    for wrong in ({"alt": ""}, {"alt": "x" * 301}, {}, {"alt": "x", "fileName": "y"}):
        assert desk.client.patch(path, json=wrong, token=token).status == 422
    assert desk.client.patch(path, json={"alt": "x"}, token=desk.staff("notes.write").token).status == 403
    assert desk.client.get(path, token=token, expect=200).json["alt"] == "A map"
    assert desk.client.patch(path, json={"alt": None}, token=token, expect=200).json["alt"] is None
    audited = [item for item in desk.cloud.items() if item.get("action", {}).get("S") == "file.update"]
    assert len(audited) == 2


@pytest.mark.rule("FILE-64")
def test_only_images_are_described(desk: Desk) -> None:
    assert (desk.init(pdf(), alt="A book").status, desk.init(pdf(), alt="A book").code) == (409, "NOT_AN_IMAGE")
    asset_id = desk.file()
    answer = desk.client.patch(f"/v1/admin/files/{asset_id}", json={"alt": "x"}, token=desk.editor.token)
    assert (answer.status, answer.code) == (409, "NOT_AN_IMAGE")


@pytest.mark.rule("FILE-30")
def test_a_declared_type_is_not_believed(desk: Desk) -> None:
    asset_id = desk.uploaded(pictures.picture(), purpose="OTHER", contentType="application/pdf")
    assert desk.confirm(asset_id, expect=422).json["details"] == {"reason": "PDF_UNREADABLE"}
    asset_id = desk.uploaded(pdf(), purpose="OTHER", contentType="image/webp")
    assert desk.confirm(asset_id, expect=422).json["details"] == {"reason": "TYPE_MISMATCH"}
