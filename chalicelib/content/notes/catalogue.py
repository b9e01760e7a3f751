"""Notes as students find them (NOTE-01, NOTE-03)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from chalicelib.content import taxonomy
from chalicelib.content.notes.errors import SearchUnavailable
from chalicelib.content.notes.items import (
    PUBLISHED,
    SNIPPET_CHARS,
    Note,
    listed,
    row_of,
    under_tag,
    under_topic,
    values_of,
)
from chalicelib.content.notes.resources import reader_entity, row_entity
from chalicelib.content.notes.schemas import (
    Named,
    NoteAccess,
    NoteAnswer,
    NoteRow,
    NotesQuery,
    PracticeFacts,
    TopicOfNote,
    ViewerFacts,
)
from chalicelib.content.notes.viewer import NOTE_MAX_RANGE_BYTES
from chalicelib.content.progress import NoteProgress, ProgressAnswer
from chalicelib.content.taxonomy import Subject, SubjectNotFound, Topic, TopicNotInSubject, tree_of
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import decide, decide_all
from chalicelib.platform.errors import ApiError, problem
from chalicelib.platform.http import Page, cursors
from chalicelib.platform.http.lists import filters_of
from chalicelib.platform.parallel import together


def find(query: NotesQuery, caller: Caller) -> Page[NoteRow]:
    """A page of published notes of active subjects, newest first; what is locked is decided in one batch.

    One query: by topic, else by tag, else by subject, else of all. Beside it the subject is read where one is named,
    with its topics where one of them is (``TopicNotInSubject``): one round trip more for a topic without its subject,
    and for ``include=progress``.
    """
    if query.q is not None:
        raise SearchUnavailable
    filters = filters_of(query)
    start = cursors.open_("notes", caller.user_id, filters, query.cursor)
    read, seen = together(partial(store.fetch, _wanted(query), limit=query.limit, start=start), partial(_seen, query))
    found = cast("store.Slice[store.Item]", read)
    if not seen:
        return Page(items=[], next_cursor=None)
    rows = [row_of(note) for note in found.items]
    decisions = decide_all(caller, Actions.NOTES_OPEN, [row_entity(row) for row in rows])
    progress = _progress(rows, caller.user_id) if query.include == "progress" else [None] * len(rows)
    return Page(
        items=[NoteRow.of(row, decision, own) for row, decision, own in zip(rows, decisions, progress, strict=True)],
        next_cursor=cursors.seal("notes", caller.user_id, filters, found.next_key),
    )


def _wanted(query: NotesQuery) -> store.Query[Any]:
    def keep(row: Mapping[str, Any]) -> bool:
        return _passes(query, row)

    if query.topic_id is not None:
        return under_topic(query.topic_id, below=query.include_subtopics, keep=keep)
    if query.tag_id is not None:
        return under_tag(query.tag_id, keep=keep)
    return listed(PUBLISHED, subject_id=query.subject_id, keep=keep)


def _seen(query: NotesQuery) -> bool:
    """Whether students see the subject and the topic that are asked for: at once, whatever notes say (TAX-33, 34)."""
    subject_id = query.subject_id
    if query.topic_id is None:
        if subject_id is None:
            return True
        subject = store.get(Subject, Subject.place(subject_id))
        return subject is not None and bool(subject.is_active)
    if subject_id is None:
        found = store.fetch(Topic.anywhere(query.topic_id), limit=1).items
        if not found:
            return False
        subject_id = found[0].home
    try:
        tree = tree_of(subject_id)
    except SubjectNotFound:
        tree = None
    if tree is None or query.topic_id not in tree.topics:
        raise TopicNotInSubject([problem("query.topicId", TopicNotInSubject.code, "does not belong to the subject")])
    return bool(tree.subject.is_active) and tree.shown(query.topic_id)


def _passes(query: NotesQuery, row: Mapping[str, Any]) -> bool:
    return bool(
        row["subject_active"]
        and (query.subject_id is None or query.subject_id == row["subject_id"])
        and (query.tag_id is None or query.tag_id in row["tag_ids"])
        and (query.premium is None or query.premium is bool(row["is_premium"]))
        and (query.language is None or query.language.lower() == str(row["language"]).lower())
    )


def _progress(rows: Sequence[Mapping[str, Any]], user_id: str) -> list[ProgressAnswer | None]:
    items = store.get_many([NoteProgress.place(user_id, str(row["id"])) for row in rows], consistent=False)
    return [ProgressAnswer.of(item, int(row["page_count"])) for item, row in zip(items, rows, strict=True)]


def describe(note: Note, progress: object, caller: Caller) -> NoteAnswer:
    """The metadata of a published note, premium or not, with whether and why the caller may open it.

    One round trip where it has topics, for how much there is to practise on them; without an answer that is left out.
    """
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
            "practice": _practice(values),
            "viewer": ViewerFacts(max_range_bytes=NOTE_MAX_RANGE_BYTES()),
        }
    )


def _practice(values: Mapping[str, Any]) -> PracticeFacts | None:
    """How many published questions there are on the note's topics (NOTE-75)."""
    if not values["topic_ids"]:
        return PracticeFacts(questions=0)
    try:
        return PracticeFacts(questions=taxonomy.published_questions(values["subject_id"], values["topic_ids"]))
    except ApiError:
        return None
