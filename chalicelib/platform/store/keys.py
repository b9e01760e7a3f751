"""Keys of the one table."""

from __future__ import annotations

from typing import NamedTuple

from chalicelib.platform import settings

TABLE_NAME = settings.text("TABLE_NAME", default="pathshala-local")


class Key(NamedTuple):
    """Partition and sort key of one item."""

    pk: str
    sk: str

    def raw(self) -> dict[str, dict[str, str]]:
        """As DynamoDB's wire format wants it."""
        return {"pk": {"S": self.pk}, "sk": {"S": self.sk}}
