"""Domain events: facts that other domains react to. They come from the table's stream alone, never from a request."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

_known: dict[str, type[DomainEvent]] = {}


class DomainEvent(BaseModel):
    """A fact. ``key`` is equal for two tellings of one fact: consumers use it to do nothing twice."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="ignore", defer_build=True
    )

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        _known[cls.__name__] = cls

    @property
    def key(self) -> str:
        """Identifies the fact."""
        raise TypeError(f"{type(self).__name__} does not say what identifies it")


def known() -> dict[str, type[DomainEvent]]:
    """All event classes of the modules imported so far."""
    return dict(_known)
