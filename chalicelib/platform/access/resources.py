"""What a function acts on: declared once by the domain that owns it, loaded and decided upon by the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from chalicelib.platform.errors import ApiError
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key

ItemT = TypeVar("ItemT", bound=Item)

KeyOf = Callable[[Mapping[str, str], str], Key]
"""The key of an item from the path's parameters (as in the path, ``noteId``) and the caller's id."""


@dataclass(frozen=True)
class Entity:
    """A thing as the policies see it; ``attributes`` has what ``policies/access/schema.cedarschema`` names for its type."""

    type: str
    id: str
    attributes: Mapping[str, Any] = field(default_factory=dict)


ACADEMY = Entity("Academy", "academy")


@dataclass(frozen=True)
class Resource(Generic[ItemT]):
    """A thing that a path names.

    ``param``: the function's parameter that receives the item. ``key``: where it is. ``visible``: an item that is there but
    not for this audience is as one that is not there (404, HTTP-24). ``beside``: further items to read in the same round
    trip, handed over as ``request.beside``.
    """

    param: str
    item: type[ItemT]
    key: KeyOf
    entity: Callable[[ItemT], Entity]
    missing: type[ApiError]
    visible: Callable[[ItemT], bool] = field(default=lambda _: True)
    beside: tuple[KeyOf, ...] = ()
