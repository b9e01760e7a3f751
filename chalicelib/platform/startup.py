"""The start of a Lambda, for which somebody waits (DEP-12).

A container serves one function: Lambda names it in ``_HANDLER``. So the start loads nothing that this function does
not use, and everything that its requests do use, rather than leaving it to the first of them: ``Function.prepare`` says
what that is. In a process that serves many functions (tests, local cloud, packaging) nothing of this happens.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

HANDLER = os.environ.get("_HANDLER", "")

UNUSED = frozenset(
    {
        "cedarpy.pst",  # a syntax tree of policies, for editors of them
        "cryptography.x509",  # PyJWT reads keys out of certificates with it; ours are JWKs
    }
)
"""Modules that our libraries import for what we never ask of them; they load if somebody ever does."""


class _WhenUsed(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in UNUSED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = LazyLoader(spec.loader)
        return spec


def begin() -> None:
    """The first thing that a Lambda does."""
    if not HANDLER:
        return
    # Pydantic would read the metadata of every installed package in search of plugins.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What is made while modules load stays for ever; looking through it for garbage again and again finds none.
    gc.disable()
    sys.meta_path.insert(0, _WhenUsed())


def serves(handler: str) -> bool:
    """Whether this container is that function's."""
    return handler == HANDLER


def passes_by(handler: str) -> bool:
    """Whether this container is another function's: this one is declared beside it, and never called here."""
    return bool(HANDLER) and handler != HANDLER


def ready() -> None:
    """The last thing before the first request."""
    gc.freeze()
    gc.enable()
