"""The copy of a note's file that readers get: cheap to open, the same to look at, or not made at all."""

from __future__ import annotations

import io
import time
from functools import partial
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, Pdf, String

from chalicelib.content.files import FileAsset, packing, pressing
from chalicelib.content.files.examined import TakesLonger
from chalicelib.platform import store
from chalicelib.platform.access.card import plain
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.content.desk import Desk
from tests.content.files import hostile, scan
from tests.content.paper import pdf, saved
from tests.support.pdfjs import cost
from tests.support.races import at_once

SECONDS = 30


@pytest.fixture
def packing_desk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk of an academy that rewrites every file."""
    monkeypatch.delenv("PACK_FROM_BYTES")
    return desk


def asset(asset_id: str) -> FileAsset:
    """A file as it is stored."""
    found = store.get(FileAsset, FileAsset.place(asset_id))
    assert found is not None
    return found


def stored(key: str, version_id: str) -> bytes:
    """What the bucket holds."""
    return bytes(clients.s3().get_object(Bucket=BUCKET_NAME(), Key=key, VersionId=version_id)["Body"].read())


def keys() -> list[str]:
    """The keys of all versions in the bucket."""
    found = clients.s3().list_object_versions(Bucket=BUCKET_NAME()).get("Versions", [])
    return sorted(str(one["Key"]) for one in found)


def packed(content: bytes, folder: Path) -> Path:
    """The copy of a document; it renders the same."""
    original, copy = folder / "original.pdf", folder / "copy.pdf"
    original.write_bytes(content)
    assert "pages" in pressing.pack(original, copy, seconds=SECONDS)
    assert pressing.compare(original, copy, seconds=SECONDS) == {"same": True}
    return copy


@pytest.mark.rule("FILE-65")
def test_the_first_page_of_a_scan_costs_a_handful_of_requests(tmp_path: Path) -> None:
    original, copy = tmp_path / "scan.pdf", tmp_path / "copy.pdf"
    own = scan.write(original)
    assert 27_000_000 < original.stat().st_size < 33_000_000
    assert pressing.pack(original, copy, seconds=SECONDS)["pages"] == 300
    assert pressing.compare(original, copy, seconds=SECONDS) == {"same": True}
    before, after = cost(original), cost(copy)
    assert (before.pages, before.requests > 300, before.bytes > 19_000_000) == (300, True, True)
    assert (after.pages, after.requests <= 6) == (300, True)
    assert after.bytes - own <= 300_000
    assert cost(copy, chunk=524_288).requests <= 3


def _shared(pictures: int) -> bytes:
    """Pages whose pictures all stand in one list that every page names."""
    document, shown = Pdf.new(), Dictionary()
    for number in range(pictures):
        image = document.make_stream(bytes([number]) * 8 + bytes(hostile.noise(30_000, number)))
        image.Type, image.Subtype, image.Width, image.Height = Name.XObject, Name.Image, 100, 100
        image.ColorSpace, image.BitsPerComponent = Name.DeviceRGB, 8
        shown[f"/Im{number}"] = image
    resources = document.make_indirect(Dictionary(XObject=shown))
    for number in range(pictures):
        document.add_blank_page(page_size=(200, 300))
        page = document.pages[-1].obj
        page.Resources = resources
        page.Contents = document.make_stream(b"q 100 0 0 100 0 0 cm /Im%d Do Q" % number)
    return saved(document)


@pytest.mark.rule("FILE-65")
@pytest.mark.parametrize(
    ("made", "own", "before"),
    [
        (lambda: _shared(60), 30_008, 1_800_000),
        (lambda: pdf(2_000, filler=500_000), 500_000, 0),
        (lambda: hostile.book(300), 2_000, 0),
    ],
)
def test_whatever_the_file_its_first_page_is_cheap(made: Any, own: int, before: int, tmp_path: Path) -> None:
    copy = packed(made(), tmp_path)
    found = cost(copy)
    assert found.requests <= 6
    assert found.bytes - own <= 300_000
    assert cost(tmp_path / "original.pdf").bytes >= before


@pytest.mark.rule("FILE-65")
def test_what_no_reader_needs_is_dropped(tmp_path: Path) -> None:
    document = Pdf.open(io.BytesIO(hostile.book(40)))
    document.Root.Metadata = document.make_stream(b"A. Nonymous")
    document.pages[3].obj.PieceInfo = Dictionary(Editor=document.make_stream(b"private"))
    document.make_indirect(Dictionary(Unused=String("forgotten")))
    copy = packed(saved(document), tmp_path)
    assert copy.stat().st_size < (tmp_path / "original.pdf").stat().st_size
    with pikepdf.open(copy) as found:
        assert (len(found.pages), "/Info" in found.trailer, "/Metadata" in found.Root) == (40, False, False)
        texts = b"".join(one.unparse(resolved=True) for one in found.objects if isinstance(one, pikepdf.Object))
        assert not any(word in texts for word in (b"Nonymous", b"PieceInfo", b"forgotten"))
        with found.open_outline() as outline:
            assert len(outline.root) == 40
        assert found.pages[39].obj.Annots[0].Dest[0].objgen == found.pages[0].obj.objgen


@pytest.mark.rule("FILE-65")
def test_readers_get_the_copy_and_the_original_stays(packing_desk: Desk) -> None:
    desk, content = packing_desk, hostile.book(60)
    asset_id = desk.uploaded(content)
    answer = desk.confirm(asset_id, expect=200).json
    assert (answer["status"], answer["pageCount"], answer["sizeBytes"], answer["warnings"]) == (
        "CONFIRMED",
        60,
        len(content),
        [],
    )
    found = asset(asset_id)
    place = plain(found.packed)
    copy = stored(place["object_key"], place["version_id"])
    assert (len(copy), copy != content) == (place["content_length"], True)
    assert stored(str(found.object_key), str(found.version_id)) == content
    for key in keys():
        tags = clients.s3().get_object_tagging(Bucket=BUCKET_NAME(), Key=key)["TagSet"]
        assert tags == [{"Key": "state", "Value": "confirmed"}]
    note, student = desk.note(fileAssetId=asset_id), desk.student()
    opened = desk.open(note, student).json
    assert opened["contentLength"] == len(copy)
    assert desk.content(note, student, opened["viewToken"]).body == copy


@pytest.mark.rule("FILE-65", "FILE-38")
def test_parallel_confirmations_leave_one_copy(packing_desk: Desk) -> None:
    asset_id = packing_desk.uploaded(pdf(5))
    answers = at_once([partial(packing_desk.confirm, asset_id)] * 3)
    assert {answer.status for answer in answers} == {200}
    place = plain(asset(asset_id).packed)
    assert keys() == sorted([str(asset(asset_id).object_key), place["object_key"]])
    assert stored(place["object_key"], place["version_id"])


@pytest.mark.rule("FILE-65", "FILE-37")
def test_what_takes_longer_than_a_request_is_left_to_the_worker(packing_desk: Desk, tmp_path: Path) -> None:
    found, original = asset(packing_desk.uploaded(pdf(3))), tmp_path / "original"
    original.write_bytes(pdf(3))
    with pytest.raises(TakesLonger):
        packing.pack(found, original, 3, time.monotonic(), wait=True)
    assert packing.pack(found, original, 3, time.monotonic(), wait=False) == packing.Packed()
    assert keys() == [str(found.object_key)]


def _odd() -> bytes:
    """A sound file with a stream that lies outside of it: no copy can hold that."""
    document = Pdf.new()
    document.add_blank_page(page_size=(200, 300))
    outside = document.make_stream(b"")
    outside.stream_dict.F = String("elsewhere.txt")
    document.pages[0].obj.Elsewhere = outside
    return saved(document)


@pytest.mark.rule("FILE-66")
def test_a_file_without_a_copy_is_served_as_it_is_with_a_warning(packing_desk: Desk) -> None:
    desk, content = packing_desk, _odd()
    asset_id = desk.uploaded(content)
    assert desk.confirm(asset_id, expect=200).json["warnings"] == ["NOT_NORMALIZED"]
    assert keys() == [str(asset(asset_id).object_key)]
    note, student = desk.note(fileAssetId=asset_id), desk.student()
    assert desk.content(note, student, desk.open(note, student).json["viewToken"]).body == content


@pytest.mark.rule("FILE-66")
@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda document: document.pages.__delitem__(1), "pages"),
        (lambda document: setattr(document.pages[7].obj, "MediaBox", Array([0, 0, 200, 301])), "size of page 8"),
        (lambda document: setattr(document.pages[7].obj, "Rotate", 90), "size of page 8"),
        (lambda document: _said(document, 4, b"BT /F1 12 Tf 20 200 Td (Other 4) Tj ET"), "text of page 5"),
        (lambda document: _said(document, 0, b"BT /F1 12 Tf 20 201 Td (Page 0) Tj ET"), "picture of page 1"),
        (lambda document: None, None),
    ],
)
def test_differences_are_seen(change: Any, what: str | None, tmp_path: Path) -> None:
    original, other = tmp_path / "original.pdf", tmp_path / "other.pdf"
    content = hostile.book(12)
    original.write_bytes(content)
    with Pdf.open(io.BytesIO(content)) as document:
        change(document)
        other.write_bytes(saved(document))
    expected: dict[str, Any] = {"same": True} if what is None else {"different": what}
    if what == "pages":
        expected["pages"] = 12
    assert pressing.compare(original, other, seconds=SECONDS) == expected


def _said(document: Any, page: int, drawing: bytes) -> None:
    document.pages[page].obj.Contents = document.make_stream(drawing)


@pytest.mark.rule("FILE-36")
@pytest.mark.parametrize("kind", ["bomb", "bomb in a bomb", "bombs thrice"])
def test_a_bomb_in_a_page_is_refused_and_removed(packing_desk: Desk, kind: str) -> None:
    asset_id = packing_desk.uploaded(hostile.ODDITIES[kind]())
    assert packing_desk.confirm(asset_id, expect=422).json["details"] == {"reason": "PDF_TOO_COMPLEX"}
    assert (asset(asset_id).status, keys()) == ("REJECTED", [])


@pytest.mark.rule("FILE-36", "FILE-66")
def test_a_file_whose_pages_are_a_matter_of_opinion_is_refused(packing_desk: Desk) -> None:
    # Its list of pages holds three; it says that there are nine, and some viewers believe that.
    content = pdf(3).replace(b"/Count 3", b"/Count 9")
    asset_id = packing_desk.uploaded(content)
    assert packing_desk.confirm(asset_id, expect=422).json["details"] == {"reason": "PDF_UNREADABLE"}
    assert keys() == []
