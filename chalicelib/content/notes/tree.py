"""A subject's notes under its topics (NOTE-02)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, cast

from chalicelib.content.notes.items import PUBLISHED, Note, listed, row_of
from chalicelib.content.notes.resources import row_entity
from chalicelib.content.notes.tree_schemas import NoteInTree, NoteTree, SubjectInTree, TopicInTree, TreeQuery
from chalicelib.content.progress import NoteProgress, ProgressAnswer
from chalicelib.content.taxonomy import SubjectNotFound, SubjectTopics, Topic, tree_of
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import decide_all
from chalicelib.platform.parallel import together

MAX_NOTES = 2_000
MAX_PLACES = 3_500
"""How often notes are named in all, since one stands under each of its topics: an answer stays under 6 MB."""


def tree(query: TreeQuery, caller: Caller) -> NoteTree:
    """The published notes of an active subject under the topics that students see. Raises ``SubjectNotFound``.

    Two queries beside each other, three with ``include=progress``: the subject with its topics, its published notes,
    and the caller's progress. Notes of a topic stand by order index, then newest first.
    """
    subject_id = query.subject_id
    reads: list[Callable[[], object]] = [partial(tree_of, subject_id), partial(_published, subject_id)]
    if query.include == "progress":
        reads.append(partial(store.every, NoteProgress.of(caller.user_id), most=100_000))
    read = together(*reads)
    topics, found = cast(SubjectTopics, read[0]), cast("store.Slice[Note]", read[1])
    if not topics.subject.is_active:
        raise SubjectNotFound
    rows = [row for row in (row_of(note) for note in found.items[:MAX_NOTES]) if row["subject_active"]]
    rows.sort(key=lambda row: int(row["order_index"]))
    progress = {one.itself.sk: one for one in cast("list[NoteProgress]", read[2])} if len(read) > 2 else None
    grown = _Growing(topics, rows, _shown(rows, caller, progress))
    subject = topics.subject
    return NoteTree(
        subject=SubjectInTree(id=str(subject.id), key=str(subject.key), name=str(subject.name)),
        topics=grown.under(None),
        unassigned_notes=grown.unassigned(),
        truncated=grown.truncated or found.next_key is not None or len(found.items) > MAX_NOTES,
    )


def _published(subject_id: str) -> store.Slice[Note]:
    return store.fetch(listed(PUBLISHED, subject_id=subject_id), limit=MAX_NOTES + 1)


def _shown(
    rows: Sequence[Mapping[str, Any]], caller: Caller, progress: Mapping[str, NoteProgress] | None
) -> list[NoteInTree]:
    decisions = decide_all(caller, Actions.NOTES_OPEN, [row_entity(row) for row in rows])
    return [
        NoteInTree.of(
            row,
            decision,
            None
            if progress is None
            else ProgressAnswer.of(
                progress.get(NoteProgress.place(caller.user_id, str(row["id"])).sk), int(row["page_count"])
            ),
        )
        for row, decision in zip(rows, decisions, strict=True)
    ]


class _Growing:
    """Puts each note under its topics, until there are as many as an answer carries."""

    def __init__(self, tree: SubjectTopics, rows: Sequence[Mapping[str, Any]], notes: Sequence[NoteInTree]) -> None:
        self._tree = tree
        self._room = MAX_PLACES
        self.truncated = False
        visible = {str(topic.id) for topic in tree.depth_first(shown=True)}
        self._on: dict[str, list[NoteInTree]] = {}
        self._loose: list[NoteInTree] = []
        for row, note in zip(rows, notes, strict=True):
            places = [topic_id for topic_id in row["topic_ids"] if topic_id in visible]
            for topic_id in places:
                self._on.setdefault(topic_id, []).append(note)
            if not places:
                self._loose.append(note)

    def under(self, parent_id: str | None) -> list[TopicInTree]:
        """The topics under one that students see, each with its notes and what is under it."""
        return [self._topic(topic) for topic in self._tree.children(parent_id) if topic.is_active]

    def _topic(self, topic: Topic) -> TopicInTree:
        topic_id = str(topic.id)
        return TopicInTree(
            id=topic_id,
            name=str(topic.name),
            order_index=int(topic.order_index),
            notes=self._fitting(self._on.get(topic_id, [])),
            children=self.under(topic_id),
        )

    def unassigned(self) -> list[NoteInTree]:
        """The notes that stand under no topic that students see."""
        return self._fitting(self._loose)

    def _fitting(self, notes: list[NoteInTree]) -> list[NoteInTree]:
        fitting = notes[: self._room]
        self._room -= len(fitting)
        self.truncated = self.truncated or len(fitting) < len(notes)
        return fitting
