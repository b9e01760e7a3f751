"""What a new audit entry means: the history of the thing it is about grows."""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.events.changes import Change, translate
from chalicelib.platform.events.domain import DomainEvent


class AuditWritten(DomainEvent):
    """An entry was written. Who reacts reads it: addresses do not travel through queues."""

    entry_id: str

    @property
    def key(self) -> str:
        return self.entry_id


@translate(AuditEntry)
def audit_events(change: Change[AuditEntry]) -> Iterator[DomainEvent]:
    """An entry only ever comes, and at the end of its retention goes."""
    if change.inserted and change.new is not None:
        yield AuditWritten(entry_id=str(change.new.id))
