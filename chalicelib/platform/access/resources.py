"""What a function acts on: declared once by the domain that owns it, loaded and decided upon by the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from chalicelib.platform.errors import ApiError
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key

ItemT = TypeVar("ItemT", bound=Item)

KeyOf = Callable[[Mapping[str, str], str], Key]
"""The key of an item from the path's parameters (as in the path, ``noteId``) and the caller's id."""


class Entity(NamedTuple):
    """A thing as the policies see it; ``attributes``: what the policies' schema names for its type.

    ``within``: of the topics that it names, the subject and the topics above each: who has those has it (ACC-56).
    """

    type: str
    id: str
    attributes: Mapping[str, Any] = MappingProxyType({})
    within: Mapping[str, Sequence[str]] = MappingProxyType({})


ACADEMY = Entity("Academy", "academy")


class Thing(NamedTuple, Generic[ItemT]):
    """A type of things that decisions can be asked about by its name and an id (ACC-10, ACC-14).

    Declared by the domain that owns it. ``kind``: the type as the policies name it. ``key``: where it is, from its id
    and the id of the person who asks; ``elsewhere``: finds one that is not there because it is in somebody else's
    partition. ``entity``: as people meet it; ``staff_entity``: as actions of staff do, where that differs. ``visible``:
    as in ``Resource``.
    """

    kind: str
    item: type[ItemT]
    key: Callable[[str, str], Key]
    entity: Callable[[ItemT], Entity]
    missing: type[ApiError]
    staff_entity: Callable[[ItemT], Entity] | None = None
    elsewhere: Callable[[str], ItemT | None] | None = None
    visible: Callable[[ItemT], bool] = lambda _: True

    def met(self, found: object, *, by_staff: bool = False) -> Entity | None:
        """The thing for the policies; None when what was read is none, or is not there for anybody."""
        if not isinstance(found, self.item) or not self.visible(found):
            return None
        return (self.staff_entity if by_staff and self.staff_entity else self.entity)(found)


class Resource(NamedTuple, Generic[ItemT]):
    """A thing that a path names.

    ``param``: the function's parameter that receives the item. ``key``: where it is. ``visible``: an item that is there
    but not for this audience is as one that is not there (404, HTTP-24). ``beside``: further items to read in the same
    round trip, handed over as ``request.beside``. ``refused``: told when the policies refuse it, with the caller, the
    item, what was read beside it and the decision; it must not raise.
    """

    param: str
    item: type[ItemT]
    key: KeyOf
    entity: Callable[[ItemT], Entity]
    missing: type[ApiError]
    visible: Callable[[ItemT], bool] = lambda _: True
    beside: tuple[KeyOf, ...] = ()
    refused: Callable[..., None] | None = None
