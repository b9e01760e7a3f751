"""Images: looked into completely, freed of metadata, refused by name."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from chalicelib.content.files import FileAsset, images
from chalicelib.content.image_reader.look import look
from chalicelib.platform import store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.content import pictures
from tests.content.desk import Desk
from tests.content.paper import pdf

SAID = dict[str, Any]


def looked_at(folder: Path, content: bytes, media_type: str) -> tuple[SAID, bytes]:
    """What the program says of a file, and what readers would get."""
    original, clean = folder / "original", folder / "clean"
    clean.unlink(missing_ok=True)
    original.write_bytes(content)
    said = look(str(original), str(clean), media_type)
    return said, clean.read_bytes() if clean.exists() else content


def image(desk: Desk, content: bytes, content_type: str, **more: Any) -> str:
    """The id of an uploaded image."""
    return desk.uploaded(content, purpose="CMS_IMAGE", contentType=content_type, fileName="x.png", **more)


def kept(asset_id: str) -> FileAsset:
    """A file as it is stored."""
    found = store.get(FileAsset, FileAsset.place(asset_id))
    assert found is not None
    return found


@pytest.mark.rule("FILE-35")
@pytest.mark.parametrize("name", pictures.SOUND)
def test_sound_images_pass_and_look_the_same(tmp_path: Path, name: str) -> None:
    content = pictures.SOUND[name]()
    said, served = looked_at(tmp_path, content, pictures.type_of(name))
    assert (said["width"], said["height"]) == pictures.pixels(content)[1]
    assert pictures.pixels(served) == pictures.pixels(content)


@pytest.mark.rule("FILE-35")
@pytest.mark.parametrize("orientation", [1, 6])
@pytest.mark.parametrize("kind", pictures.TYPES)
def test_metadata_goes_pixels_colours_and_orientation_stay(tmp_path: Path, kind: str, orientation: int) -> None:
    content = pictures.telling(kind, orientation)
    assert pictures.SECRET in content
    said, served = looked_at(tmp_path, content, pictures.TYPES[kind])
    assert said == {"width": 30 if orientation == 6 else 40, "height": 40 if orientation == 6 else 30, "changed": True}
    assert pictures.SECRET not in served
    assert pictures.pixels(served) == pictures.pixels(content)
    with pictures.Image.open(tmp_path / "clean") as seen:
        assert seen.getexif().get(0x0112, 1) == orientation
        assert list(seen.getexif()) == ([0x0112] if orientation != 1 else [])
        assert seen.info["icc_profile"] == pictures.profile()
    again, _ = looked_at(tmp_path, served, pictures.TYPES[kind])
    assert again["changed"] is False


@pytest.mark.rule("FILE-35")
@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (pictures.picture("PNG"), "image/jpeg", "TYPE_MISMATCH"),
        (pictures.picture("JPEG"), "image/webp", "TYPE_MISMATCH"),
        (pictures.picture("GIF", mode="P"), "image/png", "TYPE_MISMATCH"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "image/png", "TYPE_MISMATCH"),
        (pdf(), "image/png", "TYPE_MISMATCH"),
        (pictures.animated("PNG"), "image/png", "IMAGE_ANIMATED"),
        (pictures.animated("WEBP"), "image/webp", "IMAGE_ANIMATED"),
        (pictures.bomb(), "image/png", "IMAGE_TOO_LARGE"),
        (pictures.bomb(8_193, 1), "image/png", "IMAGE_TOO_LARGE"),
        (pictures.bomb(8_192, 4_883), "image/png", "IMAGE_TOO_LARGE"),
        (b"\x89PNG\r\n\x1a\n", "image/png", "IMAGE_UNREADABLE"),
        (b"\xff\xd8\xff\xd9", "image/jpeg", "IMAGE_UNREADABLE"),
        (b"RIFF\x04\0\0\0WEBP", "image/webp", "IMAGE_UNREADABLE"),
        (pictures.picture("PNG")[:-13] + b"\0" + pictures.picture("PNG")[-12:], "image/png", "IMAGE_UNREADABLE"),
        *((pictures.picture(kind)[:-20], media, "IMAGE_UNREADABLE") for kind, media in pictures.TYPES.items()),
    ],
)
def test_what_is_no_picture_is_refused_by_name(tmp_path: Path, content: bytes, media_type: str, reason: str) -> None:
    assert looked_at(tmp_path, content, media_type)[0] == {"refused": reason}


@pytest.mark.rule("FILE-35")
def test_the_largest_that_passes_does_so_within_the_limits(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(pictures.bomb(8_000, 5_000))
    tracemalloc.start()
    said = images.inspect_image(original, tmp_path / "clean", "image/png", seconds=30)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert said == {"width": 8_000, "height": 5_000, "changed": False}
    assert peak < 4 * 1024 * 1024


@pytest.mark.rule("FILE-35")
def test_time_that_runs_out_is_a_refusal(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.write_bytes(pictures.picture())
    said = images.inspect_image(original, tmp_path / "clean", "image/png", seconds=0)
    assert said == {"refused": "IMAGE_TOO_COMPLEX"}


@pytest.mark.rule("FILE-02", "FILE-33", "FILE-35")
def test_an_image_is_confirmed_and_only_what_is_free_of_metadata_stays(desk: Desk) -> None:
    content = pictures.telling("JPEG", 6)
    asset_id = image(desk, content, "image/jpeg")
    answer = desk.confirm(asset_id, expect=200).json
    assert (answer["status"], answer["width"], answer["height"], answer["pageCount"]) == ("CONFIRMED", 30, 40, None)
    assert answer["sizeBytes"] == len(content)
    asset = kept(asset_id)
    served = asset.readable
    place = {"Bucket": BUCKET_NAME(), "Key": served["object_key"], "VersionId": served["version_id"]}
    body = clients.s3().get_object(**place)["Body"].read()
    assert len(body) == served["content_length"]
    assert pictures.SECRET not in body
    tags = {
        key: clients.s3().get_object_tagging(Bucket=BUCKET_NAME(), Key=key)["TagSet"][0]["Value"]
        for key in desk.cloud.objects()
    }
    assert tags == {served["object_key"]: "confirmed", str(asset.object_key): "unconfirmed"}
    assert desk.confirm(asset_id, expect=200).json == answer


@pytest.mark.rule("FILE-34", "FILE-35")
def test_a_png_called_jpeg_is_rejected_and_removed(desk: Desk) -> None:
    asset_id = image(desk, pictures.picture("PNG"), "image/jpeg")
    for _ in range(2):
        answer = desk.confirm(asset_id, expect=422)
        assert (answer.code, answer.json["details"]) == ("FILE_REFUSED", {"reason": "TYPE_MISMATCH"})
    assert desk.cloud.objects() == {}
    assert kept(asset_id).status == "REJECTED"


@pytest.mark.rule("FILE-33")
def test_a_bucket_that_does_not_take_the_copy_leaves_the_image_pending(desk: Desk) -> None:
    asset_id = image(desk, pictures.telling("PNG"), "image/png")
    desk.cloud.fault("s3", "PutObject", "SlowDown", times=20)
    assert desk.confirm(asset_id).status == 502
    assert kept(asset_id).status == "PENDING"
    desk.cloud.faults.clear()
    desk.confirm(asset_id, expect=200)
