"""Notes as students find them (NOTE-01, NOTE-03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.content.notes.errors import SearchUnavailable
from chalicelib.content.notes.items import (
    PUBLISHED,
    SNIPPET_CHARS,
    Note,
    listed,
    row_of,
    values_of,
)
from chalicelib.content.notes.resources import reader_entity, row_entity
from chalicelib.content.notes.schemas import (
    Named,
    NoteAccess,
    NoteAnswer,
    NoteRow,
    NotesQuery,
    TopicOfNote,
    ViewerFacts,
)
from chalicelib.content.notes.viewer import NOTE_MAX_RANGE_BYTES
from chalicelib.content.progress import NoteProgress, ProgressAnswer
from chalicelib.content.taxonomy import Topic, TopicNotInSubject
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import decide, decide_all
from chalicelib.platform.errors import problem
from chalicelib.platform.http import Page, cursors
from chalicelib.platform.http.lists import filters_of


def find(query: NotesQuery, caller: Caller) -> Page[NoteRow]:
    """A page of published notes of active subjects, newest first; what is locked is decided in one batch.

    One query; one read more for a topic of a named subject (``TopicNotInSubject``) and for ``include=progress``.
    """
    if query.q is not None:
        raise SearchUnavailable
    _check_topic(query)
    filters = filters_of(query)
    start = cursors.open_("notes", caller.user_id, filters, query.cursor)
    wanted = listed(PUBLISHED, subject_id=query.subject_id, keep=lambda row: _passes(query, row))
    found = store.fetch(wanted, limit=query.limit, start=start)
    rows = [row_of(note) for note in found.items]
    decisions = decide_all(caller, Actions.NOTES_OPEN, [row_entity(row) for row in rows])
    progress = _progress(rows, caller.user_id) if query.include == "progress" else [None] * len(rows)
    return Page(
        items=[
            NoteRow.of(row, locked=not decision.allowed, progress=own)
            for row, decision, own in zip(rows, decisions, progress, strict=True)
        ],
        next_cursor=cursors.seal("notes", caller.user_id, filters, found.next_key),
    )


def _check_topic(query: NotesQuery) -> None:
    if query.subject_id is None or query.topic_id is None:
        return
    if store.get(Topic, Topic.place(query.subject_id, query.topic_id), consistent=False) is None:
        raise TopicNotInSubject([problem("query.topicId", TopicNotInSubject.code, "does not belong to the subject")])


def _passes(query: NotesQuery, row: Mapping[str, Any]) -> bool:
    topics = row["topic_path_ids"] if query.include_subtopics else row["topic_ids"]
    return bool(
        row["subject_active"]
        and (query.topic_id is None or query.topic_id in topics)
        and (query.tag_id is None or query.tag_id in row["tag_ids"])
        and (query.premium is None or query.premium is bool(row["is_premium"]))
        and (query.language is None or query.language.lower() == str(row["language"]).lower())
    )


def _progress(rows: Sequence[Mapping[str, Any]], user_id: str) -> list[ProgressAnswer | None]:
    items = store.get_many([NoteProgress.place(user_id, str(row["id"])) for row in rows], consistent=False)
    return [ProgressAnswer.of(item, int(row["page_count"])) for item, row in zip(items, rows, strict=True)]


def describe(note: Note, progress: object, caller: Caller) -> NoteAnswer:
    """The metadata of a published note, premium or not, with whether and why the caller may open it. No round trip."""
    values = values_of(note)
    decision = decide(caller, Actions.NOTES_OPEN, reader_entity(note))
    own = {name: values[name] for name in NoteAnswer.model_fields if name in values}
    return NoteAnswer.model_validate(
        {
            **own,
            "description": values["description"] or "",
            "description_snippet": (values["description"] or "")[:SNIPPET_CHARS],
            "locked": not decision.allowed,
            "subject": Named(id=values["subject_id"], name=values["subject_name"]),
            "topics": [TopicOfNote.of(topic) for topic in values["topics"] if topic["shown"]],
            "tags": [Named(**tag) for tag in values["tags"]],
            "access": NoteAccess(allowed=decision.allowed, reason=decision.reason),
            "progress": ProgressAnswer.of(progress, int(values["page_count"])),
            "viewer": ViewerFacts(max_range_bytes=NOTE_MAX_RANGE_BYTES()),
        }
    )
