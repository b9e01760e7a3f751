"""Notes, for their editors."""

from __future__ import annotations

from chalicelib.content.files import AssetNotReady, AssetUnusable
from chalicelib.content.notes import bulk, desk, editing, publishing
from chalicelib.content.notes.desk_schemas import (
    BulkAnswer,
    BulkPublishing,
    BulkUnpublished,
    BulkUnpublishing,
    StaffNoteRow,
    StaffNotesQuery,
)
from chalicelib.content.notes.errors import NoteIncomplete, NoteIsPublished, NoteNotFound, SearchUnavailable
from chalicelib.content.notes.items import Note
from chalicelib.content.notes.resources import EDITED_NOTE
from chalicelib.content.notes.schemas import NewNote, NoteChange, StaffNote, Unpublishing
from chalicelib.content.taxonomy import TopicNotInSubject
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Limits, Page, Request, api

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)


def _answer(note: Note) -> Answer[StaffNote]:
    return Answer(StaffNote.of(note), version=int(note.version))


@api.post(
    "/v1/admin/notes",
    action=Actions.NOTES_WRITE,
    status=201,
    idempotency=Idempotency.OPTIONAL,
    grants=_WRITES,
    raises=[AssetNotReady, AssetUnusable, TopicNotInSubject, Conflict],
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
    raises=[NoteNotFound, AssetNotReady, AssetUnusable, TopicNotInSubject, VersionMismatch, Conflict],
)
def change_note(note: Note, body: NoteChange, caller: Caller, request: Request) -> Answer[StaffNote]:
    """Change a note.

    Only the members that are given change; a published note needs `notes.publish` too. Another subject needs its topics
    in the same request. With another file open view sessions go on with the one they began with. `publishAt` needs
    `notes.publish`: the draft publishes itself then.
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


@api.get(
    "/v1/admin/notes",
    action=Actions.NOTES_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
    raises=[TopicNotInSubject, SearchUnavailable],
)
def list_notes_admin(query: StaffNotesQuery, caller: Caller) -> Page[StaffNoteRow]:
    """Notes, drafts and published ones together, last changed first.

    A page that filters may hold fewer than `limit`, even none, and still have a `nextCursor`.
    """
    return desk.find(query, caller.user_id)


@api.delete(
    "/v1/admin/notes/{noteId}",
    action=Actions.NOTES_WRITE,
    resource=EDITED_NOTE,
    status=204,
    grants=_WRITES,
    raises=[NoteNotFound, NoteIsPublished, Conflict],
)
def delete_note(note: Note, caller: Caller) -> None:
    """Delete a draft.

    Its file stays, without the reference; a published note must be taken back first.
    """
    editing.delete(note, caller)


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


@api.post(
    "/v1/admin/notes/bulk-publish",
    action=Actions.NOTES_PUBLISH,
    limits=[Limits.BULK],
    memory=512,
    grants=_WRITES,
    raises=[Conflict],
)
def bulk_publish_notes(body: BulkPublishing, caller: Caller) -> BulkAnswer:
    """Publish up to 50 notes, each for itself.

    `results` says of each whether it is published now, or the code of the error that a request about it alone would
    have got.
    """
    results = bulk.publish(body.note_ids, caller)
    done = sum(one.ok for one in results)
    return BulkAnswer(results=results, published=done, failed=len(results) - done)


@api.post(
    "/v1/admin/notes/bulk-unpublish",
    action=Actions.NOTES_PUBLISH,
    limits=[Limits.BULK],
    memory=512,
    grants=_WRITES,
    raises=[Conflict],
)
def bulk_unpublish_notes(body: BulkUnpublishing, caller: Caller) -> BulkUnpublished:
    """Take up to 50 notes back, each for itself; `results` as of `bulk-publish`."""
    results = bulk.unpublish(body.note_ids, caller, body.reason)
    done = sum(one.ok for one in results)
    return BulkUnpublished(results=results, unpublished=done, failed=len(results) - done)
