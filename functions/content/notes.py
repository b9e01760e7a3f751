"""Notes, for students."""

from __future__ import annotations

from chalicelib.content.notes import catalogue, contents, tree
from chalicelib.content.notes.contents import NoteOutline
from chalicelib.content.notes.errors import NoteNotFound, SearchUnavailable
from chalicelib.content.notes.items import Note
from chalicelib.content.notes.resources import BROWSED_NOTE
from chalicelib.content.notes.schemas import NoteAnswer, NoteRow, NotesQuery
from chalicelib.content.notes.tree_schemas import NoteTree, TreeQuery
from chalicelib.content.taxonomy import SubjectNotFound, TopicNotInSubject
from chalicelib.platform.errors import Forbidden
from chalicelib.platform.http import Actions, Caller, Grant, Page, Request, api


@api.get(
    "/v1/notes",
    action=Actions.NOTES_BROWSE,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
    raises=[Forbidden, TopicNotInSubject, SearchUnavailable],
)
def list_notes(query: NotesQuery, caller: Caller) -> Page[NoteRow]:
    """Published notes of active subjects, newest first.

    By topic (`includeSubtopics`: also of those below it), tag, subject, or all. `locked` says that the caller may not
    open a note; `include=progress` adds how far they got. A page that filters may
    hold fewer than `limit`, even none, and still have a `nextCursor`.
    """
    return catalogue.find(query, caller)


@api.get(
    "/v1/notes/tree",
    action=Actions.NOTES_BROWSE,
    memory=1769,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[Forbidden, SubjectNotFound],
)
def get_note_tree(query: TreeQuery, caller: Caller) -> NoteTree:
    """A subject's published notes under its topics.

    A note stands under each of its topics, by `orderIndex`, then newest first. At most 2,000 notes; `truncated` says
    that there are more.
    """
    return tree.tree(query, caller)


@api.get(
    "/v1/notes/{noteId}",
    action=Actions.NOTES_BROWSE,
    resource=BROWSED_NOTE,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[Forbidden, NoteNotFound],
)
def get_note(note: Note, caller: Caller, request: Request) -> NoteAnswer:
    """A published note's metadata, premium or not.

    `access` says whether the caller may open it and why not: what to buy or renew. `practice` counts the published
    questions on its topics; it is null where that cannot be told right now.
    """
    return catalogue.describe(note, request.beside[0], caller)


@api.get(
    "/v1/notes/{noteId}/outline",
    action=Actions.NOTES_BROWSE,
    resource=BROWSED_NOTE,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[Forbidden, NoteNotFound],
)
def get_note_outline(note: Note) -> NoteOutline:
    """A published note's table of contents, premium or not: what its file's outline says.

    `page` is null where a heading names no page; `items` is empty for a file without outline.
    """
    return contents.outline(note)
