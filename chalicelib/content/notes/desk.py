"""Notes as their editors list them (NOTE-13)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chalicelib.content.notes.desk_schemas import StaffNoteRow, StaffNotesQuery
from chalicelib.content.notes.errors import SearchUnavailable
from chalicelib.content.notes.items import on_desk, row_of
from chalicelib.content.taxonomy import Topic, TopicNotInSubject
from chalicelib.platform import store
from chalicelib.platform.errors import problem
from chalicelib.platform.http import Page, lists


def find(query: StaffNotesQuery, caller_id: str) -> Page[StaffNoteRow]:
    """A page of notes, drafts and published ones together, last changed first; the rest filters.

    One query, of the subject where it is known; one read before it for a topic, whose subject counts
    (``TopicNotInSubject`` where another one is named).
    """
    if query.q is not None:
        raise SearchUnavailable
    subject_id = query.subject_id if query.topic_id is None else _subject_of(query.topic_id, query.subject_id)
    if subject_id is None and query.topic_id is not None:
        return Page(items=[], next_cursor=None)
    wanted = on_desk(subject_id=subject_id, keep=lambda row: _passes(query, row))
    return lists.page("notes-desk", caller_id, query, wanted, lambda entry: StaffNoteRow.of(row_of(entry)))


def _subject_of(topic_id: str, named: str | None) -> str | None:
    """The subject of a topic; None where there is no such topic and no subject was named."""
    found = store.fetch(Topic.anywhere(topic_id), limit=1).items
    home = found[0].home if found else None
    if named is not None and home != named:
        raise TopicNotInSubject([problem("query.topicId", TopicNotInSubject.code, "does not belong to the subject")])
    return home


def _passes(query: StaffNotesQuery, row: Mapping[str, Any]) -> bool:
    return bool(
        (query.topic_id is None or query.topic_id in row["topic_ids"])
        and (query.tag_id is None or query.tag_id in row["tag_ids"])
        and (query.published is None or query.published is bool(row["is_published"]))
        and (query.premium is None or query.premium is bool(row["is_premium"]))
    )
