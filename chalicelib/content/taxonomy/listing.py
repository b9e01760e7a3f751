"""Lists of subjects (TAX-03, TAX-10)."""

from __future__ import annotations

from chalicelib.content.taxonomy.items import subjects_in_order
from chalicelib.content.taxonomy.schemas import SubjectAnswer, SubjectForStudents, SubjectsForStudents, SubjectsQuery
from chalicelib.platform import store
from chalicelib.platform.http import Page, lists


def for_staff(query: SubjectsQuery, caller_id: str) -> Page[SubjectAnswer]:
    """A page of all subjects by order index. One query."""
    return lists.page("subjects", caller_id, query, subjects_in_order(active=query.active), SubjectAnswer.listed)


def for_students() -> SubjectsForStudents:
    """All active subjects (at most 200) by order index. One query."""
    found = store.every(subjects_in_order(active=True))
    return SubjectsForStudents(items=[SubjectForStudents.listed(subject) for subject in found])
