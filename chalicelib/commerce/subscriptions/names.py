"""What subjects, topics and notes are called, for scopes: kept a minute by each container."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from chalicelib.commerce.plans import read_items
from chalicelib.content.notes import Note
from chalicelib.content.taxonomy import Subject, Topic
from chalicelib.platform import clock, store
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Key

KEPT_SECONDS = 60
MAX_KEPT = 5_000

_kept: dict[str, tuple[str | None, int]] = {}


def names_of(subjects: Iterable[str], topics: Iterable[str], notes: Iterable[str]) -> dict[str, str]:
    """Names by id; what is gone has none (ENT-22). One batch read of what is not kept, after a query for each topic,
    side by side: its key needs its subject.
    """
    now = clock.epoch()
    wanted = [set(subjects), set(topics), set(notes)]
    missing = [{one for one in ids if _kept.get(one, (None, 0))[1] <= now} for ids in wanted]
    if any(missing):
        if len(_kept) > MAX_KEPT:
            _kept.clear()
        _read(missing[0], missing[1], missing[2], now + KEPT_SECONDS)
    found = {one: _kept.get(one, (None, 0))[0] for ids in wanted for one in ids}
    return {one: name for one, name in found.items() if name is not None}


def _read(subjects: set[str], topics: set[str], notes: set[str], until: int) -> None:
    keys = [*map(Subject.place, sorted(subjects)), *map(Note.place, sorted(notes))]
    works: list[Callable[[], object]] = [lambda one=one: _topic(one) for one in topics]  # type: ignore[misc]
    keys += [key for key in (together(*works) if works else ()) if isinstance(key, Key)]
    _kept.update(dict.fromkeys((*subjects, *topics, *notes), (None, until)))
    for one in read_items(keys, consistent=False).values():
        if isinstance(one, (Subject, Topic)):
            _kept[str(one.id)] = (str(one.name), until)
        elif isinstance(one, Note):
            _kept[str(one.id)] = (str(one.title), until)


def _topic(topic_id: str) -> Key | None:
    """Where a topic is, inside its subject."""
    found = store.fetch(Topic.anywhere(topic_id), limit=1).items
    return found[0].itself if found else None
