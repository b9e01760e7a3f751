"""Notes, for their editors."""

from __future__ import annotations

from chalicelib.content.files import AssetUnusable
from chalicelib.content.notes import editing, publishing
from chalicelib.content.notes.errors import NoteIncomplete, NoteNotFound
from chalicelib.content.notes.items import Note
from chalicelib.content.notes.resources import EDITED_NOTE
from chalicelib.content.notes.schemas import NewNote, NoteChange, StaffNote, Unpublishing
from chalicelib.content.taxonomy import TopicNotInSubject
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Request, api

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)


def _answer(note: Note) -> Answer[StaffNote]:
    return Answer(StaffNote.of(note), version=int(note.version))


@api.post(
    "/v1/admin/notes",
    action=Actions.NOTES_WRITE,
    status=201,
    idempotency=Idempotency.OPTIONAL,
    grants=_WRITES,
    raises=[AssetUnusable, TopicNotInSubject, Conflict],
)
def create_note(body: NewNote, caller: Caller) -> Answer[StaffNote]:
    """Create a note as a draft.

    Its file is a confirmed upload with purpose NOTES_PDF. A note without topics is answered with the warning NO_TOPICS.
    """
    note = editing.create(body, caller)
    return Answer(StaffNote.of(note), version=1, location=f"/v1/admin/notes/{note.id}")


@api.patch(
    "/v1/admin/notes/{noteId}",
    action=Actions.NOTES_WRITE,
    resource=EDITED_NOTE,
    grants=_WRITES,
    raises=[NoteNotFound, AssetUnusable, TopicNotInSubject, VersionMismatch, Conflict],
)
def change_note(note: Note, body: NoteChange, caller: Caller, request: Request) -> Answer[StaffNote]:
    """Change a note.

    Only the members that are given change; a published note needs `notes.publish` too. Another subject needs its topics
    in the same request. With another file open view sessions go on with the one they began with.
    """
    return _answer(editing.change(note, body, caller, request.if_match()))


@api.get(
    "/v1/admin/notes/{noteId}",
    action=Actions.NOTES_READ,
    resource=EDITED_NOTE,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[NoteNotFound],
)
def get_note_admin(note: Note) -> Answer[StaffNote]:
    """A note, published or not, with its file and the files it had before."""
    return _answer(note)


@api.post(
    "/v1/admin/notes/{noteId}/publish",
    action=Actions.NOTES_PUBLISH,
    resource=EDITED_NOTE,
    grants=_WRITES,
    raises=[NoteNotFound, NoteIncomplete, Conflict],
)
def publish_note(note: Note, caller: Caller) -> Answer[StaffNote]:
    """Publish a note.

    It needs an active subject and a usable file. A published note stays as it is.
    """
    return _answer(publishing.publish(note, caller))


@api.post(
    "/v1/admin/notes/{noteId}/unpublish",
    action=Actions.NOTES_PUBLISH,
    resource=EDITED_NOTE,
    grants=_WRITES,
    raises=[NoteNotFound, Conflict],
)
def unpublish_note(note: Note, caller: Caller, body: Unpublishing | None = None) -> Answer[StaffNote]:
    """Take a note back.

    Whoever has it open gets 404 on the next request. A draft stays as it is.
    """
    return _answer(publishing.unpublish(note, caller, body.reason if body else None))
