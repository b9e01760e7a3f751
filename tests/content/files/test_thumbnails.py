"""Small pictures of images and of a PDF's first page."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from chalicelib.content.files import Audience, FileAsset, thumbnails
from chalicelib.content.image_press.shrink import shrink
from chalicelib.platform import store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from infra.local.emulator import Emulator
from tests.content.assets import shelf
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once, just_before


@pytest.fixture(autouse=True)
def made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere in the tests none are."""
    monkeypatch.setenv("THUMBNAIL_PIXELS", "480")


def photo(width: int = 1_600, height: int = 1_000, kind: str = "JPEG", mode: str = "RGB") -> bytes:
    """A picture of one colour."""
    out = io.BytesIO()
    colours: dict[str, float | tuple[float, ...]] = {"RGB": (200, 30, 30), "I;16": 51_400}
    Image.new(mode, (width, height), colours.get(mode, 128)).save(out, kind)
    return out.getvalue()


def image(content: bytes, purpose: str = "CMS_IMAGE", **more: Any) -> str:
    """The id of a confirmed image that is larger than its thumbnail."""
    return shelf.put(content, purpose, **{"content_type": "image/jpeg", "width": 1_600, "height": 1_000, **more})


def known(asset_id: str) -> FileAsset:
    found = store.get(FileAsset, FileAsset.place(asset_id))
    assert found is not None
    return found


def objects() -> list[str]:
    """The keys of the thumbnails in the bucket."""
    listed = clients.s3().list_objects_v2(Bucket=BUCKET_NAME(), Prefix="thumbs/")
    return [one["Key"] for one in listed.get("Contents", [])]


@pytest.mark.rule("FILE-63")
def test_an_image_gets_a_small_picture_that_reaches_whom_it_reaches(
    client: Client, people: People, cloud: Emulator
) -> None:
    student, asset_id = people.student(), image(photo())
    place = shelf.use(asset_id, "PAGE", published=False)
    cloud.drain()
    thumbnail_id = str(known(asset_id).thumbnail_asset_id)
    path = f"/v1/assets/{thumbnail_id}"
    assert client.get(path, token=student.token).status == 404
    shelf.follow(asset_id, place, published=True, audience=Audience.PUBLIC)
    answer = client.get(path, expect=200)
    assert (answer.headers["content-type"], answer.headers["cache-control"]) == ("image/webp", "public, max-age=300")
    with Image.open(io.BytesIO(answer.body)) as small:
        assert (small.format, small.size) == ("WEBP", (480, 300))
    facts = known(thumbnail_id)
    assert (facts.width, facts.height, facts.purpose, facts.status) == (480, 300, "THUMBNAIL", "CONFIRMED")
    staff = people.admin("ADMIN_CONTENT")
    told = client.get(f"/v1/admin/files/{asset_id}", token=staff.token, expect=200).json
    assert told["thumbnailAssetId"] == thumbnail_id
    shelf.change(asset_id, FileAsset.scan_status.set("INFECTED"))
    assert client.get(path, token=student.token).status == 404


@pytest.mark.rule("FILE-63")
def test_a_note_gets_a_picture_of_its_first_page_for_who_may_open_it(desk: Desk) -> None:
    note = desk.note(isPremium=True, content=pdf())
    desk.cloud.drain()
    file_id = desk.client.get(f"/v1/admin/notes/{note['id']}", token=desk.editor.token).json["file"]["fileAssetId"]
    path = f"/v1/assets/{known(file_id).thumbnail_asset_id}"
    reader, other = desk.student({"noteIds": [note["id"]]}), desk.student()
    answer = desk.client.get(path, token=reader.token, expect=200)
    with Image.open(io.BytesIO(answer.body)) as small:
        assert small.size == (320, 480)
    assert desk.client.get(path, token=other.token).status == 404
    assert desk.client.get(f"/v1/assets/{file_id}", token=reader.token).status == 404


@pytest.mark.rule("FILE-63")
def test_what_needs_no_picture_or_is_for_few_eyes_gets_none(cloud: Emulator) -> None:
    for asset_id in (
        image(photo(), "EVIDENCE_IMAGE"),
        image(photo(), "AVATAR"),
        shelf.put(pdf(), "PRINT_PDF", content_type="application/pdf"),
        image(photo(480, 100), width=480, height=100),
        image(photo(), status="REJECTED"),
        image(b"no picture at all"),
        shelf.put(b"%PDF-1.7 no document", "OTHER", content_type="application/pdf"),
        shelf.put(pdf(), "NOTES_PDF", content_type="application/pdf", size_bytes=thumbnails.MAX_SOURCE_BYTES + 1),
    ):
        thumbnails.make(asset_id)
        assert known(asset_id).thumbnail_asset_id is None
    thumbnails.make(shelf.OWNER)
    assert objects() == []


@pytest.mark.rule("FILE-63")
def test_however_often_it_is_made_there_is_one(cloud: Emulator) -> None:
    asset_id = image(photo())
    at_once([lambda: thumbnails.make(asset_id)] * 3)
    thumbnails.make(asset_id)
    assert objects() == [str(known(str(known(asset_id).thumbnail_asset_id)).object_key)]
    cloud.drain()
    assert len(objects()) == 1


@pytest.mark.rule("FILE-63")
def test_who_is_slower_leaves_nothing_behind(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    asset_id = image(photo())
    with just_before("TransactWriteItems", lambda: thumbnails.make(asset_id)):
        cloud.drain()
    assert objects() == [str(known(str(known(asset_id).thumbnail_asset_id)).object_key)]
    other = image(photo())
    monkeypatch.setenv("THUMBNAIL_PIXELS", "0")
    cloud.drain()
    assert known(other).thumbnail_asset_id is None


@pytest.mark.rule("FILE-63")
def test_a_bucket_that_does_not_answer_is_asked_again(cloud: Emulator) -> None:
    asset_id = image(photo())
    cloud.fault("s3", "GetObject", "InternalError", times=1)
    cloud.drain()
    assert known(asset_id).thumbnail_asset_id is not None


@pytest.mark.rule("FILE-23", "FILE-63")
def test_a_thumbnail_goes_with_its_source(cloud: Emulator, desk: Desk) -> None:
    asset_id = image(photo())
    cloud.drain()
    thumbnail_id = str(known(asset_id).thumbnail_asset_id)
    path = f"/v1/admin/files/{asset_id}"
    boss = desk.people.super_admin()
    assert desk.client.delete(f"/v1/admin/files/{thumbnail_id}", token=boss.token).status == 403
    desk.client.delete(path, token=desk.editor.token, expect=204)
    assert desk.client.get(f"/v1/assets/{thumbnail_id}", token=boss.token).status == 404
    cloud.invoke("remove_deleted_files")
    assert len(objects()) == 1
    cloud.advance(timedelta(days=31).total_seconds())
    cloud.invoke("remove_deleted_files")
    assert objects() == []
    assert store.get(FileAsset, FileAsset.place(thumbnail_id)) is None


@pytest.mark.rule("FILE-63")
@pytest.mark.parametrize(
    ("kind", "mode", "colour"),
    [
        ("JPEG", "RGB", (200, 30, 30)),
        ("JPEG", "CMYK", None),
        ("JPEG", "L", (128, 128, 128)),
        ("PNG", "I;16", (200, 200, 200)),
        ("PNG", "P", None),
        ("PNG", "LA", (128, 128, 128, 0)),
        ("WEBP", "RGBA", None),
    ],
)
def test_every_kind_of_picture_is_shrunk_in_its_colours(
    tmp_path: Path, kind: str, mode: str, colour: tuple[int, ...] | None
) -> None:
    file = tmp_path / "picture"
    file.write_bytes(photo(600, 1_200, kind, mode))
    facts, content = shrink(str(file), f"image/{kind.lower()}", 100)
    assert facts == {"width": 50, "height": 100}
    with Image.open(io.BytesIO(content)) as small:
        assert small.size == (50, 100)
        seen = small.getpixel((25, 50))
        assert isinstance(seen, tuple)
        if colour is not None and len(colour) == len(seen) == 3:
            assert max(abs(one - other) for one, other in zip(seen, colour, strict=True)) < 6


@pytest.mark.rule("FILE-63")
def test_a_picture_is_shown_upright(tmp_path: Path) -> None:
    file, exif = tmp_path / "picture", Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200), "blue").save(file, "JPEG", exif=exif)
    facts, content = shrink(str(file), "image/jpeg", 100)
    assert facts == {"width": 50, "height": 100}
    with Image.open(io.BytesIO(content)) as small:
        assert not dict(small.getexif())
