"""What changes of the syllabus mean to others."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.content.taxonomy.items import Subject, Tag
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class SubjectChanged(DomainEvent):
    """A subject got another name, or was activated or deactivated. Who reacts reads the subject as it is by then."""

    subject_id: str
    version: int

    @property
    def key(self) -> str:
        return f"{self.subject_id}#{self.version}"


class TaxonomyChanged(DomainEvent):
    """A subject or one of its topics was created or changed. Who reacts reads the tree as it is by then."""

    subject_id: str
    tree_version: int

    @property
    def key(self) -> str:
        return f"{self.subject_id}#{self.tree_version}"


class TagDeleted(DomainEvent):
    """A tag is gone; notes that carry it let go of it."""

    tag_id: str

    @property
    def key(self) -> str:
        return self.tag_id


@translate(Subject)
def subject_events(change: Change[Subject]) -> Iterator[DomainEvent]:
    """Every change of the tree; of a subject itself, which has no content when it is new, those that content shows."""
    old, new = change.old, change.new
    if new is None:
        return
    if old is None or old.tree_version != new.tree_version:
        yield TaxonomyChanged(subject_id=str(new.id), tree_version=int(new.tree_version))
    if old is None:
        return
    if old.name != new.name or old.is_active != new.is_active:
        yield SubjectChanged(subject_id=str(new.id), version=int(new.version))


@translate(Tag)
def tag_events(change: Change[Tag]) -> Iterator[DomainEvent]:
    """That a tag is gone."""
    if change.old is not None and change.new is None:
        yield TagDeleted(tag_id=str(change.old.id))
