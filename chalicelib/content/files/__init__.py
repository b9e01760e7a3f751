"""Uploaded files: one private bucket, and what may be used of it."""

from chalicelib.content.files.errors import AssetUnusable
from chalicelib.content.files.items import AssetReference, FileAsset
from chalicelib.content.files.purposes import NOTES_PDF, Purpose
from chalicelib.content.files.references import Place, follow, release, require_usable, take
from chalicelib.content.files.storage import read as read_bytes

__all__ = [
    "NOTES_PDF",
    "AssetReference",
    "AssetUnusable",
    "FileAsset",
    "Place",
    "Purpose",
    "follow",
    "read_bytes",
    "release",
    "require_usable",
    "take",
]
