"""The history of each thing, beside the trail (AUD-10)."""

from __future__ import annotations

from chalicelib.insight.audit_trail.items import AuditByResource
from chalicelib.platform import store
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.store import ConditionFailed, absent


def keep(entry_id: str) -> None:
    """Put the copy of an entry under what it is about. Once: a copy is not written over either (AUD-23)."""
    entry = store.get(AuditEntry, AuditEntry.of_id(entry_id))
    if entry is None:
        return  # its retention has ended meanwhile
    try:
        store.put(AuditByResource.copy(entry), when=absent(AuditByResource))
    except ConditionFailed:
        return
