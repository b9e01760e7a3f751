"""Subjects, topics and tags as students find them (TAX-10, TAX-11, TAX-15)."""

from __future__ import annotations

from functools import partial

from chalicelib.content.taxonomy.configuration import TAXONOMY_PUBLIC
from chalicelib.content.taxonomy.errors import SubjectNotFound
from chalicelib.content.taxonomy.items import row_of, subjects_in_order, tag_counts, tags_in_order
from chalicelib.content.taxonomy.schemas import SubjectForStudents, SubjectsForStudents
from chalicelib.content.taxonomy.tag_schemas import TagForStudents, TagsForStudents
from chalicelib.content.taxonomy.topic_schemas import TopicForStudents, TopicsForStudents
from chalicelib.content.taxonomy.tree import position, tree_of
from chalicelib.platform import store
from chalicelib.platform.parallel import submit


def caching() -> str:
    """How long answers of the syllabus may be kept, and by whom."""
    return "public, max-age=300" if TAXONOMY_PUBLIC() else "private, max-age=60"


def subjects() -> SubjectsForStudents:
    """All active subjects (at most 200) by order index. One query."""
    found = store.every(subjects_in_order(active=True))
    return SubjectsForStudents(items=[SubjectForStudents.listed(subject) for subject in found])


def topics(subject_id: str) -> TopicsForStudents:
    """The topics of an active subject that students see, by order index whatever is above them. One query.

    Raises ``SubjectNotFound``, also when it is not active.
    """
    tree = tree_of(subject_id)
    if not tree.subject.is_active:
        raise SubjectNotFound
    found = sorted(tree.depth_first(shown=True), key=position)
    return TopicsForStudents(items=[TopicForStudents.of(topic) for topic in found])


def tags() -> TagsForStudents:
    """The tags that published notes carry, by name. Two queries side by side."""
    counting = submit(partial(store.every, tag_counts()))
    rows = [row_of(tag) for tag in store.every(tags_in_order())]
    used = {str(one.tag_id) for one in counting.result() if one.published > 0}
    names = TagForStudents.model_fields
    return TagsForStudents(
        items=[TagForStudents.model_validate({name: row[name] for name in names}) for row in rows if row["id"] in used]
    )
