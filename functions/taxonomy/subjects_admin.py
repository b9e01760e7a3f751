"""The syllabus, for those who build it."""

from __future__ import annotations

from chalicelib.content.files import AssetNotReady, AssetUnusable
from chalicelib.content.taxonomy import listing, ordering, subjects
from chalicelib.content.taxonomy.errors import SubjectKeyTaken, SubjectNotFound, TooManySubjects
from chalicelib.content.taxonomy.items import Subject
from chalicelib.content.taxonomy.resources import SUBJECT
from chalicelib.content.taxonomy.schemas import (
    NewSubject,
    SubjectAnswer,
    SubjectChange,
    SubjectsInOrder,
    SubjectsQuery,
)
from chalicelib.content.taxonomy.topic_schemas import Reordering
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Page, Request, api


@api.post(
    "/v1/admin/subjects",
    action=Actions.CONTENT_MANAGE,
    status=201,
    idempotency=Idempotency.OPTIONAL,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[SubjectKeyTaken, TooManySubjects, AssetNotReady, AssetUnusable],
)
def create_subject(body: NewSubject, caller: Caller) -> Answer[SubjectAnswer]:
    """Create a subject.

    Its key is unique among at most 200 subjects; without `orderIndex` it comes after the last one.
    """
    subject = subjects.create(body, caller)
    return Answer(SubjectAnswer.of(subject), version=1, location=f"/v1/admin/subjects/{subject.id}")


@api.patch(
    "/v1/admin/subjects/{subjectId}",
    action=Actions.CONTENT_MANAGE,
    resource=SUBJECT,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[SubjectNotFound, SubjectKeyTaken, AssetNotReady, AssetUnusable, VersionMismatch, Conflict],
)
def change_subject(subject: Subject, body: SubjectChange, caller: Caller, request: Request) -> Answer[SubjectAnswer]:
    """Change a subject.

    Only the members that are given change. A deactivated subject leaves the students' lists at once, and its notes no
    longer open within a minute; activating it brings all back.
    """
    changed = subjects.change(subject, body, caller, request.if_match())
    return Answer(SubjectAnswer.of(changed), version=int(changed.version))


@api.get(
    "/v1/admin/subjects",
    action=Actions.CONTENT_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_subjects_admin(query: SubjectsQuery, caller: Caller) -> Page[SubjectAnswer]:
    """Subjects in their order, active or not, with their number of topics."""
    return listing.subjects(query, caller.user_id)


@api.post(
    "/v1/admin/subjects/reorder",
    action=Actions.CONTENT_MANAGE,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[Conflict],
)
def reorder_subjects(body: Reordering, caller: Caller) -> SubjectsInOrder:
    """Give subjects new places, all of them or none.

    Answers those that are named, in their new order. An unknown subject, or one named twice, refuses all.
    """
    found = ordering.reorder_subjects(body, caller)
    return SubjectsInOrder(items=[SubjectAnswer.of(subject) for subject in found])
