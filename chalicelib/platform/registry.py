"""All functions of the backend, as they were declared.

``load_all`` imports every module of ``functions``; a deployed Lambda imports only its own. Two functions of one name,
or two endpoints of one method and path, do not import.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from chalicelib.platform.function import Function

F = TypeVar("F", bound="Function")


class BadDeclaration(Exception):
    """A declaration that breaks a rule; raised while its module is imported."""


_functions: dict[str, Function] = {}


def add(function: Function) -> None:
    """Register a function; refuses a name that is taken."""
    known = _functions.get(function.name)
    if known is not None:
        raise BadDeclaration(f"{function.name} is declared in {known.module} and in {function.module}")
    for other in _functions.values():
        if function.place is not None and function.place == other.place:
            raise BadDeclaration(f"{function.place} is declared as {other.name} and as {function.name}")
    _functions[function.name] = function


@contextmanager
def isolated() -> Iterator[dict[str, Function]]:
    """A registry of its own for the declarations made inside: what they declare is known nowhere else."""
    outer = dict(_functions)
    _functions.clear()
    own: dict[str, Function] = {}
    try:
        yield own
    finally:
        own.update(_functions)
        _functions.clear()
        _functions.update(outer)


def load_declarations() -> None:
    """Import all modules of ``functions``, so that what they declare is known."""
    package = importlib.import_module("functions")
    for module in pkgutil.walk_packages(package.__path__, "functions."):
        importlib.import_module(module.name)


def load_all() -> dict[str, Function]:
    """Import all modules of ``functions`` and answer every function by name, sorted; each is ready for requests."""
    load_declarations()
    for function in _functions.values():
        function.prepare()
    return dict(sorted(_functions.items()))


def known() -> dict[str, Function]:
    """The functions of the modules imported so far."""
    return dict(_functions)


def of(kind: type[F]) -> Iterator[F]:
    """All loaded functions of one kind (``Endpoint``, ``Job``, …), by name."""
    for function in dict(sorted(_functions.items())).values():
        if isinstance(function, kind):
            yield function
