"""Who and what is meant by ids: people and notes of a page, read in one round trip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import cast

from chalicelib.content.notes import Note
from chalicelib.identity.accounts import DELETED, User, user_key
from chalicelib.platform import store
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key

BATCH = 100


@frozen
class Named:
    """People and notes by id; who or what is no longer there is missing."""

    people: Mapping[str, User]
    notes: Mapping[str, Note]

    def name(self, user_id: str | None) -> str | None:
        """What somebody is called; None for nobody."""
        person = self.people.get(user_id or "")
        return None if person is None else str(person.name)

    def title(self, note_id: str | None) -> str | None:
        """A note's title; None where there is none."""
        note = self.notes.get(note_id or "")
        return None if note is None else str(note.title)

    def living(self, user_id: str) -> User | None:
        """Somebody whose account was not erased."""
        person = self.people.get(user_id)
        return None if person is None or person.status == DELETED else person


def read_all(keys: Iterable[Key]) -> dict[Key, Item]:
    """What there is of these keys: one round trip, several batches side by side past 100. None of it must be fresh."""
    wanted = list(dict.fromkeys(keys))
    batches = [wanted[first : first + BATCH] for first in range(0, len(wanted), BATCH)]
    if not batches:
        return {}
    works = (partial(store.get_many, batch, consistent=False) for batch in batches)
    read = cast("list[list[Item | None]]", together(*works))
    return {item.itself: item for items in read for item in items if item is not None}


def keys_of(user_ids: Iterable[str | None], note_ids: Iterable[str | None]) -> list[Key]:
    """Where people and notes are; None and repetitions are left out."""
    people = [user_key(one) for one in dict.fromkeys(user_ids) if one]
    return [*people, *(Note.place(one) for one in dict.fromkeys(note_ids) if one)]


def among(items: Iterable[Item | None]) -> Named:
    """The people and notes among items that were read."""
    found: Sequence[Item | None] = list(items)
    people = {str(item.id): item for item in found if isinstance(item, User)}
    return Named(people, {str(item.id): item for item in found if isinstance(item, Note)})


def named(user_ids: Iterable[str | None], note_ids: Iterable[str | None] = ()) -> Named:
    """People and notes by their ids. One round trip."""
    return among(read_all(keys_of(user_ids, note_ids)).values())
