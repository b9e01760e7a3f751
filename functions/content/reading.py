"""Reading a note: every entrance decides anew whether the caller may (SHIELD-47)."""

from __future__ import annotations

from chalicelib.content.notes import Note, NoteNotFound
from chalicelib.content.progress import PageNotFound
from chalicelib.content.reading import continuing, delivery, opening, pages, preview, watermark
from chalicelib.content.reading.errors import (
    NoPreview,
    NoticeNotAccepted,
    PagesNotReady,
    PagesOnly,
    ViewTokenInvalid,
)
from chalicelib.content.reading.resources import OPENED_NOTE, PAGED_NOTE, PREVIEWED_NOTE, READ_NOTE
from chalicelib.content.reading.schemas import Opening, OwnWatermark, Renewal, ViewSessionAnswer, Watermark
from chalicelib.content.reading.sessions import HEADER
from chalicelib.identity.accounts import OWN_USER, User, UserNotFound
from chalicelib.platform import clock
from chalicelib.platform.errors import Conflict, Forbidden, RateLimited, Unavailable, UpstreamFailed, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Binary, Caller, Grant, Limits, Request, api
from chalicelib.platform.http.ranges import RangeNotSatisfiable, RangeRequired

_TABLE = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)
_WRITES = (*_TABLE, Grant.SECRET_WATERMARK)
_READS_FILES = (*_TABLE, Grant.FILES_READ, Grant.SECRET_DATA)
_RANGES = (ViewTokenInvalid, RateLimited, RangeRequired, RangeNotSatisfiable, VersionMismatch, UpstreamFailed)


def _person(request: Request) -> User:
    found = request.beside[1]
    if not isinstance(found, User):
        raise Unavailable
    return found


@api.post(
    "/v1/notes/{noteId}/view-session",
    action=Actions.NOTES_OPEN,
    resource=OPENED_NOTE,
    status=201,
    limits=[Limits.VIEW_SESSION],
    grants=_WRITES,
    raises=[Forbidden, NoteNotFound, NoticeNotAccepted, Conflict],
)
def open_view_session(
    note: Note, caller: Caller, request: Request, body: Opening | None = None
) -> Answer[ViewSessionAnswer]:
    """Open a note for reading.

    `viewToken` goes with every request for content, in `X-View-Token`. At most two sessions of a reader and note are
    live: opening another ends the oldest. 403 says in `details.reason` what to buy or renew; 403 NOTICE_NOT_ACCEPTED
    carries the notice that the reader must agree to first, with `acceptNotice`.
    """
    given = body or Opening()
    return Answer(opening.open_session(note, request.beside[0], _person(request), caller, request, given))


@api.post(
    "/v1/notes/{noteId}/view-session/renew",
    action=Actions.NOTES_OPEN,
    resource=OPENED_NOTE,
    headers=["X-View-Token"],
    grants=_WRITES,
    raises=[Forbidden, NoteNotFound, ViewTokenInvalid, Conflict],
)
def renew_view_session(note: Note, caller: Caller, request: Request) -> Renewal:
    """Go on reading under a new token.

    Works up to a minute after the session's end; the token before is good for ten more seconds.
    """
    token = request.headers.get(HEADER)
    return continuing.renew(note, request.beside[0], _person(request), caller, token)


@api.delete(
    "/v1/notes/{noteId}/view-session",
    action=Actions.NOTES_PROGRESS_READ,
    status=204,
    headers=["X-View-Token"],
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[ViewTokenInvalid, Conflict],
)
def close_view_session(note_id: str, caller: Caller, request: Request) -> None:
    """Close the viewer.

    The session named by `X-View-Token` ends; closing it again is fine.
    """
    continuing.close(note_id, caller, request.headers.get(HEADER))


@api.get(
    "/v1/notes/{noteId}/content",
    action=Actions.NOTES_OPEN,
    resource=READ_NOTE,
    headers=["X-View-Token"],
    head=True,
    also=(206, 304),
    binary="application/pdf",
    memory=512,
    grants=_READS_FILES,
    raises=[Forbidden, NoteNotFound, PagesOnly, *_RANGES],
)
def get_content(note: Note, caller: Caller, request: Request) -> Binary:
    """A range of a note's file.

    `Range: bytes=a-b` answers 206 with at most `maxRangeBytes` from `a`: `Content-Range` says what came, ask for the
    rest. Without `Range` only files up to that size are answered (200); larger ones are 400 RANGE_REQUIRED. HEAD
    tells the length in `X-Content-Length`. `If-Range`, `If-Match` and `If-None-Match` go by the view session's
    `etag`. At most 60 requests per 120 seconds, reader and note. 409 PAGES_ONLY where only single pages are delivered.
    """
    return delivery.deliver(note, request.beside[0], caller, request)


@api.get(
    "/v1/notes/{noteId}/pages/{n}",
    action=Actions.NOTES_OPEN,
    resource=PAGED_NOTE,
    headers=["X-View-Token"],
    head=True,
    also=(206, 304),
    binary="application/pdf",
    memory=512,
    grants=_READS_FILES,
    raises=[Forbidden, NoteNotFound, PageNotFound, PagesNotReady, *_RANGES],
)
def get_page(note: Note, n: str, caller: Caller, request: Request) -> Binary:
    """One page of a note as a PDF of its own.

    Where `pagesAvailable` says so; else 409 PAGES_NOT_READY, and the viewer asks for ranges of the content. Limit and
    headers are those of the content; a page up to `maxRangeBytes` comes whole.
    """
    return pages.deliver(note, n, request.beside[0], caller, request)


@api.get(
    "/v1/notes/{noteId}/preview",
    action=Actions.NOTES_PREVIEW,
    resource=PREVIEWED_NOTE,
    head=True,
    also=(206, 304),
    binary="application/pdf",
    memory=512,
    grants=_READS_FILES,
    raises=[Forbidden, NoteNotFound, NoPreview, RangeRequired, RangeNotSatisfiable, VersionMismatch, UpstreamFailed],
)
def get_preview(note: Note, caller: Caller, request: Request) -> Binary:
    """The first pages of a note, for everybody signed in.

    The rules of `Range` are those of the content. 404 NO_PREVIEW where there is none, or not yet.
    """
    return preview.deliver(note, request.beside[0], caller, request)


@api.get(
    "/v1/users/me/watermark",
    action=Actions.PROFILE_READ,
    resource=OWN_USER,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_WATERMARK],
    raises=[UserNotFound],
)
def get_own_watermark(user: User) -> Answer[OwnWatermark]:
    """Who is signed in, to be drawn over questions, practice and tests. The same for an hour."""
    facts = watermark.banner_of(user, clock.epoch())
    return Answer(facts, headers={"Cache-Control": "private, max-age=600"})


@api.get(
    "/v1/notes/{noteId}/watermark",
    action=Actions.NOTES_OPEN,
    resource=OPENED_NOTE,
    headers=["X-View-Token"],
    grants=_WRITES,
    raises=[Forbidden, NoteNotFound, ViewTokenInvalid, Conflict],
)
def get_watermark(note: Note, caller: Caller, request: Request) -> Watermark:
    """What to draw over every page.

    New every `rotateAfterSeconds`; until then the same, byte for byte.
    """
    token = request.headers.get(HEADER)
    return continuing.current_watermark(note, request.beside[0], _person(request), caller, token)
