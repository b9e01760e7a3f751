"""Files of strangers pass through upload and confirmation: refused by name, or served right; never an error of ours.

By day a few of them, by night (``HYPOTHESIS_PROFILE=nightly``) more than a thousand.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace

import pypdfium2
import pytest

from chalicelib.content.files import FileAsset
from chalicelib.content.files.inspection import REASONS
from chalicelib.platform import clock, store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from tests.content.desk import Desk
from tests.content.files import hostile

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
COUNT = 1_200 if NIGHTLY else 60


def settled(desk: Desk, content: bytes) -> tuple[FileAsset, int]:
    """What became of an upload, and the status that said so."""
    asset_id = desk.uploaded(content)
    answer = desk.confirm(asset_id)
    if answer.status == 202:
        desk.cloud.drain()
        answer = desk.confirm(asset_id)
    asset = store.get(FileAsset, FileAsset.place(asset_id))
    assert asset is not None
    return asset, answer.status


def checked(desk: Desk, content: bytes) -> str:
    """What became of one file, once that is as it should be."""
    asset, status = settled(desk, content)
    if asset.status == "REJECTED":
        assert status == 422
        assert asset.reject_reason in REASONS
        assert not clients.s3().list_objects_v2(Bucket=BUCKET_NAME(), Prefix=str(asset.object_key)).get("KeyCount")
        return str(asset.reject_reason)
    assert (asset.status, status) == ("CONFIRMED", 200)
    stored = asset.readable
    served = clients.s3().get_object(Bucket=BUCKET_NAME(), Key=stored["object_key"], VersionId=stored["version_id"])
    with pypdfium2.PdfDocument(served["Body"].read()) as document:
        assert len(document) == asset.page_count
    return "+".join(["CONFIRMED", *asset.warnings])


@pytest.mark.rule("FILE-36", "FILE-65", "FILE-66")
def test_whatever_is_uploaded_is_refused_by_name_or_served_right(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PACK_FROM_BYTES")
    monkeypatch.setenv("RATE_UPLOAD", "off")
    monkeypatch.setenv("RATE_DEFAULT", "off")
    monkeypatch.setenv("THUMBNAIL_PIXELS", "0")
    # The same selection by day, another every night; a failure names its seed and place.
    seed = clock.now().toordinal() if NIGHTLY else 739_940
    found = Counter[str]()
    for place, content in enumerate(hostile.variants(seed, COUNT)):
        if place % 50 == 49:
            token = desk.people.token(desk.editor.id, desk.editor.session_id, "ADMIN")
            desk.editor = replace(desk.editor, token=token)
        try:
            found[checked(desk, content)] += 1
        except Exception as error:
            error.add_note(f"variant {place} of seed {seed}, {len(content)} bytes")
            raise
    assert found["CONFIRMED"] >= 4
    assert found["PDF_UNREADABLE"] > COUNT // 5


@pytest.mark.rule("FILE-36")
@pytest.mark.parametrize(
    ("kind", "outcome"),
    [
        ("10,000 pages", "PDF_TOO_MANY_PAGES"),
        ("too deep tree", "PDF_TOO_COMPLEX"),
        ("zip behind", "CONFIRMED"),
        ("page behind", "CONFIRMED"),
        ("twice", "PDF_UNREADABLE"),
        ("zip before", "PDF_UNREADABLE"),
        ("nested arrays", "PDF_UNREADABLE"),
        ("nested dictionaries", "PDF_UNREADABLE"),
        ("text", "PDF_UNREADABLE"),
        ("only a head", "PDF_UNREADABLE"),
    ],
)
def test_oddities_by_name(desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str, outcome: str) -> None:
    monkeypatch.delenv("PACK_FROM_BYTES")
    assert checked(desk, hostile.ODDITIES[kind]()) == outcome


@pytest.mark.rule("FILE-36", "FILE-65")
@pytest.mark.parametrize("kind", ["zip behind", "page behind"])
def test_what_hangs_on_behind_is_not_served(desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.delenv("PACK_FROM_BYTES")
    asset, _ = settled(desk, hostile.ODDITIES[kind]())
    served = clients.s3().get_object(Bucket=BUCKET_NAME(), Key=asset.readable["object_key"])["Body"].read()
    assert served.endswith(b"%%EOF\n")
    assert b"alert" not in served
