"""Confirmed files, put where they lie when their upload is over, and places that use them."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from typing import Any

from chalicelib.content import files
from chalicelib.content.files import AssetReference, Audience, FileAsset, Place
from chalicelib.content.files.items import index_keys
from chalicelib.platform import clock, store
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.ids import new_ulid

PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
OWNER = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"


def put(content: bytes = PICTURE, purpose: str = "QUESTION_IMAGE", **more: Any) -> str:
    """The id of a confirmed file; ``more``: attributes of the item."""
    asset_id = new_ulid()
    key = f"tests/{asset_id}"
    stored = clients.s3().put_object(Bucket=BUCKET_NAME(), Key=key, Body=content)
    facts = {
        "status": "CONFIRMED",
        "version_id": stored["VersionId"],
        "file_name": "Fundamental Rights (1).png",
        "content_type": "image/png",
        "size_bytes": len(content),
        "checksum": base64.b64encode(hashlib.sha256(content).digest()).decode(),
        "created_by_user_id": OWNER,
        **more,
    }
    asset = FileAsset(
        *FileAsset.place(asset_id),
        id=asset_id,
        purpose=purpose,
        object_key=key,
        created_at=clock.now(),
        confirmed_at=clock.now(),
        **facts,
    )
    for name, value in index_keys(asset).items():
        setattr(asset, name, value)
    store.put(asset)
    return asset_id


def use(asset_id: str, ref_type: str = "QUESTION_STEM", ref_id: str | None = None, **more: Any) -> Place:
    """Let a published place use a file, as its domain does; ``more``: what the place carries."""
    given = {"published": True, "audience": Audience.STUDENT, **more}
    place = Place(ref_type, ref_id or new_ulid(), **given)
    asset = store.get(FileAsset, FileAsset.place(asset_id))
    assert asset is not None
    tx = store.Transaction()
    files.take(tx, asset_id, place, [str(asset.purpose)])
    tx.commit()
    return place


def follow(asset_id: str, place: Place, **now: Any) -> None:
    """Let the place say something else of itself."""
    tx = store.Transaction()
    files.follow(tx, asset_id, replace(place, **now))
    tx.commit()


def change(asset_id: str, *actions: Any) -> None:
    """Change the file itself, as its domain does."""
    store.update(FileAsset, FileAsset.place(asset_id), actions)


def unused(asset_id: str, place: Place) -> None:
    """Take the reference away again."""
    store.delete(AssetReference, AssetReference.place(asset_id, place.ref_type, place.ref_id))
