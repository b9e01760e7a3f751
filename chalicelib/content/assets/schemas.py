"""What requests for assets take."""

from __future__ import annotations

from pydantic import Field

from chalicelib.platform.access.tickets import MAX_LENGTH
from chalicelib.platform.http import QueryModel


class AssetQuery(QueryModel):
    """How else somebody can be known who sends no token."""

    ticket: str | None = Field(
        default=None,
        min_length=1,
        max_length=MAX_LENGTH,
        description="The ticket that came with the content; the platform reads it in place of a token",
    )
