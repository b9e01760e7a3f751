"""Items of the store's tests."""

from __future__ import annotations

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.platform.store import InstantAttribute, Item, Key


class Box(Item, discriminator="TestBox"):
    """An item of all attribute types that the backend uses."""

    name = UnicodeAttribute(null=True)
    weight = NumberAttribute(default=0)
    colors = UnicodeSetAttribute(null=True)
    parts: ListAttribute[str] = ListAttribute(default=list)
    inside: MapAttribute[str, object] = MapAttribute(default=dict)
    packed_at = InstantAttribute(null=True)


class Lid(Item, discriminator="TestLid"):
    """Another kind."""

    name = UnicodeAttribute(null=True)


def key(name: str) -> Key:
    return Key(f"BOX#{name}", "BOX")


def box(name: str, **more: object) -> Box:
    return Box(*key(name), name=name, **more)
