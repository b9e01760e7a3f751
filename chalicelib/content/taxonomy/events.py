"""What changes of the syllabus mean to others."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.content.taxonomy.items import Subject
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class SubjectChanged(DomainEvent):
    """A subject got another name, or was activated or deactivated. Who reacts reads the subject as it is by then."""

    subject_id: str
    version: int

    @property
    def key(self) -> str:
        return f"{self.subject_id}#{self.version}"


@translate(Subject)
def subject_events(change: Change[Subject]) -> Iterator[DomainEvent]:
    """A new subject has no content yet; only changes that its content shows are told."""
    old, new = change.old, change.new
    if old is None or new is None:
        return
    if old.name != new.name or old.is_active != new.is_active:
        yield SubjectChanged(subject_id=str(new.id), version=int(new.version))
