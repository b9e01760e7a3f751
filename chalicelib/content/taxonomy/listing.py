"""Subjects, topics and tags as staff list them (TAX-03, TAX-07, TAX-13)."""

from __future__ import annotations

from chalicelib.content.taxonomy.errors import ParentNotInSubject
from chalicelib.content.taxonomy.items import TagCount, row_of, subjects_in_order, tags_in_order
from chalicelib.content.taxonomy.schemas import SubjectAnswer, SubjectsQuery
from chalicelib.content.taxonomy.tag_schemas import TagRow, TagsQuery
from chalicelib.content.taxonomy.topic_schemas import StaffTopic, SubjectTopicsAnswer, TopicsQuery
from chalicelib.content.taxonomy.tree import tree_of
from chalicelib.platform import store
from chalicelib.platform.errors import problem
from chalicelib.platform.http import Page, cursors, lists


def subjects(query: SubjectsQuery, caller_id: str) -> Page[SubjectAnswer]:
    """A page of all subjects by order index. One query."""
    return lists.page("subjects", caller_id, query, subjects_in_order(active=query.active), SubjectAnswer.listed)


def topics(query: TopicsQuery) -> SubjectTopicsAnswer:
    """The topics of a subject, depth first, with what hangs on each. One query.

    Raises ``SubjectNotFound``; ``ParentNotInSubject`` where only those right under an unknown topic are asked for.
    """
    tree = tree_of(query.subject_id, counts=True)
    if query.parent_id is not None and query.parent_id not in tree.topics:
        error = ParentNotInSubject
        raise error([problem("query.parentId", error.code, "is no topic of the subject")])
    found = tree.depth_first() if query.parent_id is None else tree.children(query.parent_id)
    wanted = (topic for topic in found if query.active is None or bool(topic.is_active) is query.active)
    return SubjectTopicsAnswer(
        subject=SubjectAnswer.of(tree.subject), items=[StaffTopic.within(tree, topic) for topic in wanted]
    )


def tags(query: TagsQuery, caller_id: str) -> Page[TagRow]:
    """A page of tags by name, with how many notes carry each. One query, and one batch read of the counts."""
    filters = lists.filters_of(query)
    start = cursors.open_("tags", caller_id, filters, query.cursor)
    found = store.fetch(tags_in_order(query.search or ""), limit=query.limit, start=start)
    rows = [dict(row_of(tag)) for tag in found.items]
    keys = [TagCount.place(str(row["id"])) for row in rows]
    counts = store.get_many(keys, consistent=False) if keys else []
    return Page(
        items=[
            TagRow.listed(tag, row, count if isinstance(count, TagCount) else None)
            for tag, row, count in zip(found.items, rows, counts, strict=True)
        ],
        next_cursor=cursors.seal("tags", caller_id, filters, found.next_key),
    )
