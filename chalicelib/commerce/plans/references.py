"""What a plan's grants name must exist (PLAN-11), and has names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from chalicelib.commerce.plans.terms import PlanTerms, Scope
from chalicelib.content.notes import Note
from chalicelib.content.taxonomy import Subject, Topic
from chalicelib.platform import store
from chalicelib.platform.access.card import plain
from chalicelib.platform.errors import problem
from chalicelib.platform.parallel import together
from chalicelib.platform.store import Item, Key

_BATCH = 100


def read_items(keys: Iterable[Key], *, consistent: bool = True) -> dict[Key, Item]:
    """Items of any number of keys. One round trip: batches of 100 go side by side."""
    wanted = list(dict.fromkeys(keys))
    batches = [wanted[first : first + _BATCH] for first in range(0, len(wanted), _BATCH)]
    works: list[Callable[[], object]] = [
        lambda batch=batch: store.get_many(batch, consistent=consistent)  # type: ignore[misc]
        for batch in batches
    ]
    found = together(*works) if works else []
    items = [item for batch in found if isinstance(batch, list) for item in batch]
    return {key: item for key, item in zip(wanted, items, strict=True) if item is not None}


def subject_names(terms: PlanTerms) -> dict[str, str]:
    """Names of the subjects that a plan's grants name, by id; those that are gone have none."""
    found = read_items((Subject.place(one) for one in _subjects(terms)), consistent=False)
    return {str(one.id): str(one.name) for one in found.values() if isinstance(one, Subject)}


def unknown(terms: PlanTerms) -> Iterator[dict[str, str]]:
    """The ids of a plan's grants that name nothing, as ``unknown_ids``."""
    places = [f"body.grants[{position}].scope" for position in range(len(terms.grants))]
    yield from unknown_ids(list(zip(places, (grant.scope for grant in terms.grants), strict=True)))


def unknown_ids(scopes: Sequence[tuple[str, Scope]]) -> Iterator[dict[str, str]]:
    """The ids that name nothing, nothing active, or a topic of another subject, as entries of ``details``.

    ``scopes``: each with its place in the request. One round trip; topics are found through the index, one query each
    side by side: their key needs their subject.
    """
    topics = sorted({topic for _, scope in scopes for topic in scope.topic_ids})
    subjects = {one for _, scope in scopes for one in scope.subject_ids}
    notes = {one for _, scope in scopes for one in scope.note_ids}
    keys = [*map(Subject.place, sorted(subjects)), *map(Note.place, sorted(notes))]
    works: list[Callable[[], object]] = [lambda one=one: _topic(one) for one in topics]  # type: ignore[misc]
    *found_topics, found = together(*works, lambda: read_items(keys))
    home = dict(zip(topics, found_topics, strict=True))
    there = found if isinstance(found, dict) else {}
    for place, scope in scopes:
        for index, one in enumerate(scope.subject_ids):
            subject = there.get(Subject.place(one))
            if not isinstance(subject, Subject) or not subject.is_active:
                yield problem(f"{place}.subjectIds[{index}]", "UNKNOWN_SUBJECT", "is no active subject")
        listed = [Subject.place(one).pk for one in scope.subject_ids]
        for index, one in enumerate(scope.topic_ids):
            if home[one] is None or (listed and home[one] not in listed):
                yield problem(f"{place}.topicIds[{index}]", "UNKNOWN_TOPIC", "is no active topic of these subjects")
        for index, one in enumerate(scope.note_ids):
            if Note.place(one) not in there:
                yield problem(f"{place}.noteIds[{index}]", "UNKNOWN_NOTE", "is no note")


def _topic(topic_id: str) -> str | None:
    """The partition of the subject that an active topic belongs to."""
    found = store.fetch(Topic.anywhere(topic_id), limit=1).items
    active = bool(found) and plain(found[0].row).get("is_active", True)
    return str(found[0].pk) if active else None


def _subjects(terms: PlanTerms) -> list[str]:
    return sorted({subject for grant in terms.grants for subject in grant.scope.subject_ids})
