"""Subjects as functions load them."""

from __future__ import annotations

from chalicelib.content.taxonomy.errors import SubjectNotFound, TagNotFound
from chalicelib.content.taxonomy.items import Subject, Tag
from chalicelib.platform.access.resources import ACADEMY, Entity, Resource, Thing

SUBJECT = Resource(
    param="subject",
    item=Subject,
    key=lambda path, _: Subject.place(path["subjectId"]),
    entity=lambda _: ACADEMY,
    missing=SubjectNotFound,
)

TAG = Resource(
    param="tag",
    item=Tag,
    key=lambda path, _: Tag.place(path["tagId"]),
    entity=lambda _: ACADEMY,
    missing=TagNotFound,
)


def _practised(subject: Subject) -> Entity:
    """A subject as it is practised (ACC-43); how many free questions are left is known where they are served."""
    facts = {"subjectId": str(subject.id), "topicPathIds": [], "published": bool(subject.is_active), "freeLeft": False}
    return Entity("Subject", str(subject.id), facts)


PRACTISED_SUBJECT = Thing(
    "Subject", Subject, lambda subject_id, _: Subject.place(subject_id), _practised, SubjectNotFound
)
