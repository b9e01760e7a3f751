"""Subjects as functions load them."""

from __future__ import annotations

from chalicelib.content.taxonomy.errors import SubjectNotFound
from chalicelib.content.taxonomy.items import Subject
from chalicelib.platform.access.resources import ACADEMY, Resource

SUBJECT = Resource(
    param="subject",
    item=Subject,
    key=lambda path, _: Subject.place(path["subjectId"]),
    entity=lambda _: ACADEMY,
    missing=SubjectNotFound,
)
