"""What a function acts on: declared once by the domain that owns it, loaded and decided upon by the platform."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Generic, NamedTuple, TypeVar

from chalicelib.platform.errors import ApiError
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import Key

ItemT = TypeVar("ItemT", bound=Item)

KeyOf = Callable[[Mapping[str, str], str], Key]
"""The key of an item from the path's parameters (as in the path, ``noteId``) and the caller's id."""


class Entity(NamedTuple):
    """A thing as the policies see it; ``attributes``: what the policies' schema names for its type."""

    type: str
    id: str
    attributes: Mapping[str, Any] = MappingProxyType({})


ACADEMY = Entity("Academy", "academy")


class Resource(NamedTuple, Generic[ItemT]):
    """A thing that a path names.

    ``param``: the function's parameter that receives the item. ``key``: where it is. ``visible``: an item that is there
    but not for this audience is as one that is not there (404, HTTP-24). ``beside``: further items to read in the same
    round trip, handed over as ``request.beside``.
    """

    param: str
    item: type[ItemT]
    key: KeyOf
    entity: Callable[[ItemT], Entity]
    missing: type[ApiError]
    visible: Callable[[ItemT], bool] = lambda _: True
    beside: tuple[KeyOf, ...] = ()
