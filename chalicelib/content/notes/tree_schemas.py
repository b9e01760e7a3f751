"""The syllabus with its notes, as requests ask for it and it is answered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from chalicelib.content.notes.schemas import locks
from chalicelib.content.progress import ProgressAnswer
from chalicelib.platform.access.decisions import Decision
from chalicelib.platform.http import Instant, QueryModel, ResponseModel
from chalicelib.platform.ids import Ulid


class TreeQuery(QueryModel):
    """Whose notes; with ``include=progress``, how far the caller got in each."""

    subject_id: Ulid
    include: Literal["progress"] | None = None


class NoteInTree(ResponseModel):
    """A published note where it stands in the syllabus. ``locked``: the caller may not open it, for ``denyReason``."""

    id: str
    title: str
    is_premium: bool
    preview_allowed: bool
    locked: bool
    deny_reason: str | None = None
    page_count: int
    language: str
    order_index: int
    published_at: Instant | None
    progress: ProgressAnswer | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], decision: Decision, progress: ProgressAnswer | None) -> NoteInTree:
        """From the row of an index list."""
        own = {name: row[name] for name in cls.model_fields if name in row}
        return cls.model_validate({**own, **locks(decision), "progress": progress})


class TopicInTree(ResponseModel):
    """A topic with the notes that name it, and the topics under it; both in their order."""

    id: str
    name: str
    order_index: int
    notes: list[NoteInTree]
    children: list[TopicInTree]


class SubjectInTree(ResponseModel):
    """The subject that the tree is of."""

    id: str
    key: str
    name: str


class NoteTree(ResponseModel):
    """A subject's published notes under their topics.

    ``unassigned_notes``: those without a topic that students see. ``truncated``: there are more than fit here.
    """

    subject: SubjectInTree
    topics: list[TopicInTree]
    unassigned_notes: list[NoteInTree] = Field(description="Notes without a topic, or with hidden ones only")
    truncated: bool
