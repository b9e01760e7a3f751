"""Uploaded files: one private bucket, and what may be used of it."""

from chalicelib.content.files.errors import AssetNotReady, AssetUnusable, FileNotFound
from chalicelib.content.files.events import FileConfirmed, FileRejected, FileWithdrawn
from chalicelib.content.files.extracts import (
    discard_preview,
    make_preview,
    place_preview,
    retire_preview,
    split_pages,
)
from chalicelib.content.files.items import AssetReference, Audience, FileAsset
from chalicelib.content.files.lookup import Used, deliverable, used
from chalicelib.content.files.outlines import outline_of
from chalicelib.content.files.purposes import EXTENSIONS, NOTES_PDF, Purpose
from chalicelib.content.files.references import Place, follow, places_of, refusal, release, require_usable, take
from chalicelib.content.files.resources import UPLOADED_FILE, asset_entity
from chalicelib.content.files.storage import Beginning, page_key
from chalicelib.content.files.storage import begin as begin_bytes
from chalicelib.content.files.storage import read as read_bytes
from chalicelib.content.files.ticketing import ticket_for

__all__ = [
    "EXTENSIONS",
    "NOTES_PDF",
    "UPLOADED_FILE",
    "AssetNotReady",
    "AssetReference",
    "AssetUnusable",
    "Audience",
    "Beginning",
    "FileAsset",
    "FileConfirmed",
    "FileNotFound",
    "FileRejected",
    "FileWithdrawn",
    "Place",
    "Purpose",
    "Used",
    "asset_entity",
    "begin_bytes",
    "deliverable",
    "discard_preview",
    "follow",
    "make_preview",
    "outline_of",
    "page_key",
    "place_preview",
    "places_of",
    "read_bytes",
    "refusal",
    "release",
    "require_usable",
    "retire_preview",
    "split_pages",
    "take",
    "ticket_for",
    "used",
]
