"""A thousand hostile images through upload and confirmation: refused by name or served right, and never an error.

By day some of them; ``HYPOTHESIS_PROFILE=nightly`` all.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chalicelib.content.files import FileAsset, storage
from chalicelib.content.files.images import REASONS
from chalicelib.content.image_reader.look import look
from chalicelib.platform import store
from tests.content import pictures
from tests.content.desk import Desk
from tests.content.hostile_pictures import Variant, variants

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
ALL = 1_500
EVERY = 1 if NIGHTLY else 25


def wrong(variant: Variant, said: dict[str, object], served: bytes) -> str | None:
    """What is wrong with an answer about a variant; None for nothing."""
    if "refused" in said:
        return "sound, but refused" if variant.harmless else None if said["refused"] in REASONS else "no such reason"
    if pictures.SECRET in served or b"<script>" in served or b"<?php" in served or b"PK\x05\x06" in served:
        return "something hidden was served"
    _, size, seen = pictures.pixels(served)
    if {said["width"], said["height"]} != set(size):
        return "another size"
    return "another picture" if variant.harmless and seen != pictures.pixels(variant.content)[2] else None


def stored(asset: FileAsset) -> bytes:
    """The bytes that readers get."""
    place = asset.readable
    return storage.read(place["object_key"], place["version_id"], 0, place["content_length"] - 1)


@pytest.mark.rule("FILE-35")
def test_whatever_it_is_it_is_refused_by_name_or_served_right(tmp_path: Path) -> None:
    found: dict[str, str] = {}
    original, clean = tmp_path / "original", tmp_path / "clean"
    for variant in variants(ALL)[:: 1 if NIGHTLY else 2]:
        clean.unlink(missing_ok=True)
        original.write_bytes(variant.content)
        said = look(str(original), str(clean), variant.told)
        problem = wrong(variant, said, clean.read_bytes() if said.get("changed") else variant.content)
        if problem is not None:
            found[variant.name] = f"{problem}: {said}"
    assert found == {}


@pytest.mark.rule("FILE-34", "FILE-35")
def test_none_of_them_breaks_upload_or_confirmation(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_UPLOAD", "off")
    found: dict[str, str] = {}
    for number, variant in enumerate(variants(ALL)[::EVERY]):
        if number % 100 == 0:
            # A night is longer than a token lives.
            desk.editor = desk.people.admin("ADMIN_CONTENT")
        asset_id = desk.uploaded(variant.content, purpose="OTHER", contentType=variant.told)
        answer = desk.confirm(asset_id)
        asset = store.get(FileAsset, FileAsset.place(asset_id))
        assert asset is not None
        said = answer.json if answer.status == 200 else {"refused": answer.json.get("details", {}).get("reason")}
        served = stored(asset) if answer.status == 200 else b""
        problem = wrong(variant, said, served)
        if answer.status not in (200, 422) or problem is not None:
            found[variant.name] = f"{answer.status} {problem}: {said}"
        if answer.status == 422 and storage.look(str(asset.object_key)) is not None:
            found[variant.name] = "refused, but still there"
    assert found == {}
