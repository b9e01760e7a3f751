"""Items: PynamoDB models, one class a kind, all in one table.

A domain's ``items.py`` declares its kinds and is alone in knowing their keys::

    class Plan(Item, discriminator="Plan"):
        key = UnicodeAttribute()

PynamoDB gives the attribute types, conditions (``Plan.version == 3``) and update actions (``Plan.name.set("x")``);
reading and writing go through ``chalicelib.platform.store``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar, cast

from pynamodb.attributes import (
    Attribute,
    DiscriminatorAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

from chalicelib.platform import clock
from chalicelib.platform.store.keys import Key

ItemT = TypeVar("ItemT", bound="Item")


class InstantAttribute(Attribute[datetime]):
    """An instant, stored as the sortable text of ``clock.iso`` (UTC, milliseconds)."""

    attr_type = "S"

    def serialize(self, value: datetime) -> str:
        return clock.iso(value)

    def deserialize(self, value: str) -> datetime:
        return clock.parse_iso(value)


class Item(Model):
    """What every item carries: its keys, its kind, and a version that grows with each change.

    The indexes project ``kind``, ``version`` and ``row``: a map of what the item's lists show, and nothing else, so
    that a list never pays for what it does not answer. An item read through an index has no other attribute.
    ``ttl`` (epoch seconds) lets DynamoDB remove it; readers compare times themselves, since that may take days.
    """

    class Meta:
        table_name = "one table; named by the store"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    kind = DiscriminatorAttribute()
    row: MapAttribute[Any, Any] = MapAttribute(null=True)
    gsi1pk = UnicodeAttribute(null=True)
    gsi1sk = UnicodeAttribute(null=True)
    gsi2pk = UnicodeAttribute(null=True)
    gsi2sk = UnicodeAttribute(null=True)
    version = NumberAttribute(default=1)
    ttl = NumberAttribute(null=True)

    @property
    def itself(self) -> Key:
        """The key of this item."""
        return Key(self.pk, self.sk)


def became(item: ItemT, changed: Mapping[str, Any]) -> ItemT:
    """The item as the write that was just committed left it: these attributes, the next version.

    Only after a write on the condition of the version that was read: then nothing else can have changed, and reading
    it again would tell nothing new.
    """
    for name, value in changed.items():
        setattr(item, name, value)
    item.version = int(item.version) + 1
    return item


def kind_of(item: type[Item]) -> str:
    """What stands in ``kind`` for the items of a class."""
    discriminator = cast(DiscriminatorAttribute, Item.get_attributes()["kind"])
    return str(discriminator.get_discriminator(item))


def read(raw: dict[str, Any]) -> Item:
    """The item of a stored image, of the class that its ``kind`` names; ``ValueError`` for an unknown kind."""
    return Item.from_raw_data(raw)
