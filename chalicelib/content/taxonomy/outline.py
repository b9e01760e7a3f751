"""What an import asks for, whichever form it came in; each part knows where it stood in the request."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from chalicelib.content.taxonomy.outline_schemas import SubjectOutline, TopicOutline
from chalicelib.platform.ids import new_ulid


@dataclass
class Wanted:
    """A topic as it is to be; None: as it was. ``place``: its field in the request. ``id``: its own, should it be new.

    ``stated``: it has a row of its own, and is not only named above another.
    """

    place: str
    name: str
    key: str | None = None
    order_index: int | None = None
    is_active: bool | None = None
    children: list[Wanted] = field(default_factory=list)
    stated: bool = True
    id: str = field(default_factory=new_ulid)


@dataclass
class WantedSubject:
    """A subject as it is to be; None: as it was."""

    place: str
    key: str
    name: str | None = None
    description: str | None = None
    order_index: int | None = None
    is_active: bool | None = None
    topics: list[Wanted] = field(default_factory=list)

    def walk(self) -> Iterator[tuple[Wanted | None, Wanted]]:
        """Each topic after the one it is under, and that one (None: at the top)."""
        return _walk(None, self.topics)


def _walk(above: Wanted | None, topics: Sequence[Wanted]) -> Iterator[tuple[Wanted | None, Wanted]]:
    for topic in topics:
        yield above, topic
        yield from _walk(topic, topic.children)


def of_outlines(outlines: Sequence[SubjectOutline]) -> list[WantedSubject]:
    """From the form of JSON."""
    found = []
    for number, one in enumerate(outlines):
        place = f"body.subjects[{number}]"
        topics = _topics(one.topics, f"{place}.topics")
        subject = WantedSubject(place, one.key, one.name, one.description, one.order_index, one.is_active, topics)
        found.append(subject)
    return found


def _topics(outlines: Sequence[TopicOutline], place: str) -> list[Wanted]:
    return [
        Wanted(
            f"{place}[{number}]",
            one.name,
            one.key,
            one.order_index,
            one.is_active,
            _topics(one.children, f"{place}[{number}].children"),
        )
        for number, one in enumerate(outlines)
    ]
