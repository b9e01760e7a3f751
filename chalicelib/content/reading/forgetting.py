"""Readers whose account was erased (USR-40)."""

from __future__ import annotations

from chalicelib.content.reading.items import NoteReader
from chalicelib.platform import store


def forget_reader(user_id: str) -> int:
    """Remove what somebody reads, in which sessions and from where; how much there was. Doing it again finds nothing.

    The register of view sessions and watermarks names the id alone, and stays: a leaked page can still be told apart.
    """
    found = store.every(NoteReader.of(user_id))
    for reader in found:
        store.delete(NoteReader, reader.itself)
    return len(found)
