"""What changes of the syllabus mean to others."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.content.taxonomy.items import Subject, Tag
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


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


class TagRenamed(DomainEvent):
    """A tag has another name. Who reacts reads the tag as it is by then."""

    tag_id: str
    version: int

    @property
    def key(self) -> str:
        return f"{self.tag_id}#{self.version}"


@translate(Subject)
def subject_events(change: Change[Subject]) -> Iterator[DomainEvent]:
    """Every change of a subject or of its topics: each of them makes its tree a new one."""
    old, new = change.old, change.new
    if new is not None and (old is None or old.tree_version != new.tree_version):
        yield TaxonomyChanged(subject_id=str(new.id), tree_version=int(new.tree_version))


@translate(Tag)
def tag_events(change: Change[Tag]) -> Iterator[DomainEvent]:
    """That a tag is gone, or called otherwise; nothing carries a new one."""
    old, new = change.old, change.new
    if old is None:
        return
    if new is None:
        yield TagDeleted(tag_id=str(old.id))
    elif old.name != new.name:
        yield TagRenamed(tag_id=str(new.id), version=int(new.version))
