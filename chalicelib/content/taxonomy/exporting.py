"""Taking out a syllabus in the form that an import takes (TAX-42)."""

from __future__ import annotations

from functools import partial

from chalicelib.content.taxonomy import sheet
from chalicelib.content.taxonomy.items import row_of, subjects_in_order
from chalicelib.content.taxonomy.outline_schemas import (
    ExportedSubject,
    ExportedTopic,
    SyllabusExport,
    SyllabusExportQuery,
)
from chalicelib.content.taxonomy.tree import SubjectTopics, tree_of
from chalicelib.platform import store
from chalicelib.platform.errors import invalid
from chalicelib.platform.parallel import submit

MAX_EXPORTED = 5_000


def export(query: SyllabusExportQuery) -> SyllabusExport:
    """A subject with all its topics, active or not, or all subjects by order index (up to 5,000 topics, else 422).

    One query a subject, all at once, and for all of them one before. Raises ``SubjectNotFound``.
    """
    if query.subject_id is not None:
        trees = [tree_of(query.subject_id)]
    else:
        rows = [row_of(subject) for subject in store.every(subjects_in_order())]
        if sum(int(row["topic_count"]) for row in rows) > MAX_EXPORTED:
            raise invalid("query.subjectId", "REQUIRED", "must be given: all topics are too many for one answer")
        trees = [one.result() for one in [submit(partial(tree_of, str(row["id"]))) for row in rows]]
    subjects = [_subject(tree) for tree in trees]
    return SyllabusExport(csv=sheet.write(subjects)) if query.format == "CSV" else SyllabusExport(subjects=subjects)


def _subject(tree: SubjectTopics) -> ExportedSubject:
    own = tree.subject
    return ExportedSubject(
        key=str(own.key),
        name=str(own.name),
        description=own.description,
        order_index=int(own.order_index),
        is_active=bool(own.is_active),
        topics=_topics(tree, None),
    )


def _topics(tree: SubjectTopics, parent_id: str | None) -> list[ExportedTopic]:
    return [
        ExportedTopic(
            key=topic.key,
            name=str(topic.name),
            order_index=int(topic.order_index),
            is_active=bool(topic.is_active),
            children=_topics(tree, str(topic.id)),
        )
        for topic in tree.children(parent_id)
    ]
