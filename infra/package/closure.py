"""What a function's module imports, read from the source without running it.

An import inside a function counts: it will run in that Lambda too.
"""

from __future__ import annotations

from functools import cache, lru_cache

import grimp

PACKAGES = ("chalicelib", "functions")


@lru_cache(maxsize=1)
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True, cache_dir=None)


def _packages(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


@cache
def closure(module: str) -> frozenset[str]:
    """Every module of ours that a container of this module may import, itself and the packages around them included."""
    graph = _graph()
    found: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in found or name not in graph.modules:
            continue
        found.add(name)
        waiting.extend(graph.find_modules_directly_imported_by(name))
        waiting.extend(_packages(name))
    return frozenset(found)


def forget() -> None:
    """Read the source again at the next question."""
    _graph.cache_clear()
    closure.cache_clear()
