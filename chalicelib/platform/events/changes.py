"""Item changes of the table's stream, typed; and the translations of changes into domain events.

A domain's ``events.py`` says what its items' changes mean::

    @translate(PaymentOrder)
    def order_events(change: Change[PaymentOrder]) -> Iterator[DomainEvent]:
        if change.inserted:
            yield OrderPlaced(...)

A translation may also yield a ``Handover``: straight to a worker's queue, where every hop would be felt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar, cast

from pydantic import BaseModel

from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.events.queues import Place, Queue
from chalicelib.platform.store.items import Item, ItemT, kind_of, read


class Handover(NamedTuple):
    """Work that a change asks for: a message for the queue of a worker, without a consumer in between.

    ``place``: for an ordered queue.
    """

    queue: Queue
    message: BaseModel
    place: Place | None = None


Told = DomainEvent | Handover
F = TypeVar("F", bound=Callable[..., Iterator[Told]])


class Change(NamedTuple, Generic[ItemT]):
    """One change of one item: ``old`` is None when it was inserted, ``new`` when it was removed."""

    old: ItemT | None
    new: ItemT | None
    sequence: str

    @property
    def inserted(self) -> bool:
        return self.old is None

    def became(self, attribute: str, value: object) -> bool:
        """Whether this change gave the attribute this value."""
        before = getattr(self.old, attribute, None) if self.old is not None else None
        after = getattr(self.new, attribute, None) if self.new is not None else None
        return after == value and before != value


_translations: dict[str, list[Callable[[Change[Any]], Iterator[Told]]]] = {}


def translate(item: type[Item]) -> Callable[[F], F]:
    """Declare what changes of a kind of item mean."""

    def declare(translation: F) -> F:
        _translations.setdefault(kind_of(item), []).append(translation)
        return translation

    return declare


def _image(raw: dict[str, Any] | None) -> Item | None:
    return read(raw) if raw else None


def kind_in(record: dict[str, Any]) -> str | None:
    """The kind of item that a stream record is about."""
    data = record["dynamodb"]
    image = data.get("NewImage") or data.get("OldImage") or {}
    return cast("str | None", image.get("kind", {}).get("S"))


def events_of(record: dict[str, Any]) -> list[Told]:
    """What one raw stream record means: domain events and handovers; none for kinds that nobody translates."""
    translations = _translations.get(kind_in(record) or "")
    if not translations:
        return []
    data = record["dynamodb"]
    change: Change[Any] = Change(_image(data.get("OldImage")), _image(data.get("NewImage")), data["SequenceNumber"])
    return [event for translation in translations for event in translation(change)]
