"""The copy of each audit entry that gives the history of one thing in one query."""

from __future__ import annotations

from typing import Any

from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.store import Key, Query
from chalicelib.platform.store.patterns import AccessPattern

_OF_THE_ENTRY = frozenset({"pk", "sk", "kind", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"})


class AuditByResource(AuditEntry, discriminator="AuditByResource"):
    """A full copy of an audit entry under what it is about; written from the stream (AUD-10)."""

    @staticmethod
    def under(resource_type: str, resource_id: str, entry_id: str) -> Key:
        """Where the copy of an entry is."""
        return Key(f"AUDITRES#{resource_type}#{resource_id}", entry_id)

    @staticmethod
    def copy(entry: AuditEntry) -> AuditByResource:
        """The copy of an entry."""
        facts = {name: value for name, value in entry.attribute_values.items() if name not in _OF_THE_ENTRY}
        return AuditByResource(*AuditByResource.under(entry.resource_type, entry.resource_id, entry.id), **facts)

    @staticmethod
    def of_resource(resource_type: str, resource_id: str, **keys: Any) -> Query[AuditByResource]:
        """The history of one thing, newest first."""
        return Query(AuditByResource, f"AUDITRES#{resource_type}#{resource_id}", descending=True, **keys)


_PERIOD = {"between": ("<from>", "<to>")}

PATTERNS = (
    AccessPattern("one audit entry", AuditEntry.place("<month>", "<id>"), 1),
    AccessPattern("audit entries of a month", AuditEntry.of_month("<month>", **_PERIOD), 0.5, consistent=False),
    AccessPattern("what somebody did", AuditEntry.of_actor("<user>", **_PERIOD), 0.5, consistent=False),
    AccessPattern("what was done to one kind of thing", AuditEntry.of_type("<type>", **_PERIOD), 0.5, consistent=False),
    AccessPattern(
        "the history of one thing",
        AuditByResource.of_resource("<type>", "<id>", **_PERIOD),
        0.5,
        consistent=False,
    ),
)
