"""What viewers report while somebody reads."""

from __future__ import annotations

from chalicelib.content.notes import Note, NoteNotFound
from chalicelib.content.reading.errors import ViewTokenInvalid
from chalicelib.content.reading.resources import READ_NOTE
from chalicelib.content.reading.sessions import HEADER
from chalicelib.content.shield import reporting
from chalicelib.content.shield.schemas import ViewEvents, ViewEventsAnswer
from chalicelib.platform.errors import Conflict, Forbidden
from chalicelib.platform.http import Actions, Caller, Grant, Request, api

WATCHED_NOTE = READ_NOTE._replace(refused=None)
"""A report is no request for bytes: of one that is refused nothing is logged."""


@api.post(
    "/v1/notes/{noteId}/view-events",
    action=Actions.NOTES_OPEN,
    resource=WATCHED_NOTE,
    headers=["X-View-Token"],
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[Forbidden, NoteNotFound, ViewTokenInvalid, Conflict],
)
def report_view_events(note: Note, caller: Caller, request: Request, body: ViewEvents) -> ViewEventsAnswer:
    """Report what happened around the viewer.

    A hidden tab, a screenshot, an attempt to print: the answer says whether to go on, to warn or to blur the page, and
    how strong to draw the watermark. The app on a phone reports as a browser does. Reports never end a session.
    """
    return reporting.take(note, request.beside[0], caller, request.headers.get(HEADER), body)
