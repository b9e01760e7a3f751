"""Configuration keys.

A key is declared once, where it is used, as a value that is called to be read::

    MAX_RANGE = settings.integer("NOTE_MAX_RANGE_BYTES", default=1_048_576, minimum=65_536)
    MAX_RANGE()  # -> int

Each is an environment variable of the same name. Reading parses and checks; the result is kept as long as the
variable's text stays the same. ``declared()`` lists all keys for the deployment and the docs.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


class BadSetting(Exception):
    """A configuration value that breaks its rule. Says the key and the rule, never the value."""


@dataclass(eq=False)
class Setting(Generic[T]):
    """One configuration key; call it to read it."""

    name: str
    default: str
    parse: Callable[[str], T]
    module: str
    rule: str
    _seen: tuple[str, T] | None = field(default=None, repr=False)

    def __call__(self) -> T:
        raw = os.environ.get(self.name, self.default)
        seen = self._seen
        if seen is not None and seen[0] == raw:
            return seen[1]
        try:
            value = self.parse(raw)
        except ValueError as error:
            raise BadSetting(f"{self.name}: {self.rule}") from error
        self._seen = (raw, value)
        return value


_declared: dict[str, Setting[object]] = {}


def declared() -> dict[str, Setting[object]]:
    """All keys declared by the modules imported so far, by name."""
    return dict(_declared)


def _declare(name: str, default: str, parse: Callable[[str], T], rule: str) -> Setting[T]:
    import sys

    module = str(sys._getframe(2).f_globals.get("__name__", ""))
    setting = Setting(name, default, parse, module, rule)
    known = _declared.get(name)
    if known is not None and known.module != module:
        raise BadSetting(f"{name} is declared in {known.module} and in {module}")
    _declared[name] = setting  # type: ignore[assignment]  # Setting is only read through the dict
    return setting


def text(name: str, *, default: str = "") -> Setting[str]:
    """A free text."""
    return _declare(name, default, str, "any text")


def integer(name: str, *, default: int, minimum: int | None = None, maximum: int | None = None) -> Setting[int]:
    """A whole number within its limits."""

    def parse(raw: str) -> int:
        value = int(raw)
        if (minimum is not None and value < minimum) or (maximum is not None and value > maximum):
            raise ValueError(name)
        return value

    return _declare(name, str(default), parse, f"a whole number from {minimum} to {maximum}")


def boolean(name: str, *, default: bool) -> Setting[bool]:
    """``true`` or ``false``."""

    def parse(raw: str) -> bool:
        if raw not in {"true", "false"}:
            raise ValueError(name)
        return raw == "true"

    return _declare(name, "true" if default else "false", parse, "true or false")


def choice(name: str, *, default: str, choices: tuple[str, ...]) -> Setting[str]:
    """One of a few words."""

    def parse(raw: str) -> str:
        if raw not in choices:
            raise ValueError(name)
        return raw

    return _declare(name, default, parse, "one of " + ", ".join(choices))


def listing(name: str, *, default: str = "") -> Setting[tuple[str, ...]]:
    """Words separated by commas."""

    def parse(raw: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in raw.split(",") if word.strip())

    return _declare(name, default, parse, "words separated by commas")


def parsed(name: str, *, default: str, parse: Callable[[str], T], rule: str) -> Setting[T]:
    """A text with a grammar of its own; ``parse`` raises ``ValueError`` for what breaks ``rule``."""
    return _declare(name, default, parse, rule)


STAGE = text("STAGE", default="local")
LOCAL_STAGES = frozenset({"local", "test"})


def is_local() -> bool:
    """Whether this is a stage on somebody's own machine."""
    return STAGE() in LOCAL_STAGES
