"""The bytes of a file, to people (FILE-45 … FILE-50) and to staff (FILE-07): at most one answer's worth at once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import partial

from chalicelib.content import files
from chalicelib.content.assets import reach, scraping
from chalicelib.content.assets.errors import AssetNotFound
from chalicelib.content.files import FileAsset, FileNotFound, Used
from chalicelib.content.notes import NOTE_MAX_RANGE_BYTES
from chalicelib.platform import settings
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions, UserType
from chalicelib.platform.access.decisions import decide
from chalicelib.platform.errors import TokenMissing
from chalicelib.platform.http import Binary, Request, ranges
from chalicelib.platform.logs import event
from chalicelib.platform.parallel import together

ASSET_CACHE_SECONDS = settings.integer("ASSET_CACHE_SECONDS", default=60, minimum=0, maximum=3_600)
PUBLIC_CACHE_SECONDS = 300
MAX_ANSWER = 4_194_304
"""A function's answer is at most 6 MB, and binary travels as base64."""
WITHHELD = frozenset({"NOTES_PDF", "PRINT_PDF", "EVIDENCE_IMAGE", "SETTLEMENT_CSV"})
"""Purposes whose files have endpoints of their own."""


def deliver(asset_id: str, caller: Caller | None, request: Request) -> Binary:
    """Answer a GET or HEAD of an asset: 200, 206 or 304.

    Raises ``AssetNotFound`` for what is not there or not for the caller, 401 for what is not there or not public where
    nobody is signed in.
    """
    used = files.used(asset_id)
    public = _admit(used, caller)
    if used is None:
        raise AssetNotFound
    seconds = PUBLIC_CACHE_SECONDS if public else ASSET_CACHE_SECONDS()
    headers = {"Cache-Control": f"{'public' if public else 'private'}, max-age={seconds}"}
    if not public:
        headers["Vary"] = "Origin, Authorization"
    student = caller is not None and caller.user_type == UserType.STUDENT
    reader = caller.user_id if caller is not None and student else None
    return _answer(used.asset, request, MAX_ANSWER, headers, reader=reader)


def preview(asset: FileAsset, caller: Caller, request: Request) -> Binary:
    """Answer a GET or HEAD of staff who may see files of this purpose. Raises ``FileNotFound`` before it is confirmed.

    Read by the range rules of notes, cached nowhere, and each request is in the log with who made it.
    """
    if not files.deliverable(asset):
        raise FileNotFound
    event("file shown to staff", fileAssetId=str(asset.id), userId=caller.user_id)
    return _answer(asset, request, NOTE_MAX_RANGE_BYTES(), {"Cache-Control": "no-store, max-age=0"})


def _admit(used: Used | None, caller: Caller | None) -> bool:
    """Whether the file is for everybody. Raises unless the caller may fetch it."""
    here = used if used is not None and used.asset.purpose not in WITHHELD else None
    public = here is not None and reach.public(here.references)
    if caller is None:
        if not public:
            raise TokenMissing
    elif here is None or not _allowed(here, caller, public=public):
        raise AssetNotFound
    return public


def _allowed(used: Used, caller: Caller, *, public: bool) -> bool:
    """What the policies say: first as far as it is known without asking what uses the file, then with that."""
    asset = used.asset
    entity = partial(
        files.asset_entity, str(asset.id), str(asset.created_by_user_id), str(asset.purpose), public=public
    )
    if decide(caller, Actions.ASSETS_FETCH, entity(reachable=caller.by_ticket)).allowed:
        return True
    reachable = reach.reachable(caller, used.references)
    return reachable and decide(caller, Actions.ASSETS_FETCH, entity(reachable=True)).allowed


def _answer(
    asset: FileAsset, request: Request, most: int, headers: Mapping[str, str], *, reader: str | None = None
) -> Binary:
    """The bytes that the request's headers ask for; ``reader``: the student whose deliveries are counted."""
    stored, content_type = asset.readable, str(asset.content_type)
    length = int(stored["content_length"])
    etag = _etag(asset, length)
    plan = ranges.plan(request.method, request.headers, etag=etag, length=length, maximum=most)
    if plan.error is not None:
        raise plan.error
    content = b""
    if plan.part is not None:
        where = str(stored["object_key"]), str(stored["version_id"]), plan.part.first, plan.part.last
        reading = partial(files.read_bytes, *where)
        if reader is None:
            content = reading()
        else:
            _, read = together(partial(scraping.record, reader, str(asset.id)), reading)
            content = read if isinstance(read, bytes) else b""
    own = {
        **headers,
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": ranges.inline(_stem(asset), files.EXTENSIONS[content_type], otherwise="file"),
        **ranges.headers_of(plan, request.method, length),
    }
    return Binary(content, content_type, status=plan.status, headers=own)


def _etag(asset: FileAsset, length: int) -> str:
    """Strong: of the id, the checksum and the length of what readers get; nothing of where it is stored."""
    digest = hashlib.sha256(f"{asset.checksum}#{length}".encode()).hexdigest()
    return f'"a{asset.id}-{digest[:16]}"'


def _stem(asset: FileAsset) -> str:
    """Its name without the extension, which is that of its type."""
    name = str(asset.file_name)
    return name.rpartition(".")[0] or name
