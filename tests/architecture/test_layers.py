"""Imports go down, never in a circle, and between domains only through a public face.

A circle would also put every domain into every Lambda's cold start.
"""

from __future__ import annotations

import grimp
import pytest

AREAS = ("platform", "identity", "content", "commerce", "engagement", "insight")


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    return grimp.build_graph("chalicelib", "functions", "infra", exclude_type_checking_imports=True)


def _domain(module: str) -> str | None:
    parts = module.split(".")
    if parts[0] != "chalicelib" or len(parts) < 3 or parts[1] == "platform":
        return None
    return ".".join(parts[:3])


def _circles(edges: dict[str, set[str]]) -> list[str]:
    done: set[str] = set()
    found: list[str] = []

    def visit(node: str, path: list[str]) -> None:
        if node in path:
            found.append(" → ".join([*path[path.index(node) :], node]))
            return
        if node in done:
            return
        for following in sorted(edges.get(node, ())):
            visit(following, [*path, node])
        done.add(node)

    for start in sorted(edges):
        visit(start, [])
    return found


def test_no_module_imports_itself_in_a_circle(graph: grimp.ImportGraph) -> None:
    edges = {
        module: set(graph.find_modules_directly_imported_by(module))
        for module in graph.modules
        if module.startswith(("chalicelib", "functions"))
    }
    assert _circles(edges) == []


def test_areas_import_downwards_only(graph: grimp.ImportGraph) -> None:
    wrong = []
    for module in graph.modules:
        parts = module.split(".")
        if parts[0] != "chalicelib" or len(parts) < 2 or parts[1] not in AREAS:
            continue
        for imported in graph.find_modules_directly_imported_by(module):
            other = imported.split(".")
            if other[0] in {"functions", "infra"}:
                wrong.append(f"{module} imports {imported}")
            elif len(other) > 1 and other[1] in AREAS and AREAS.index(other[1]) > AREAS.index(parts[1]):
                wrong.append(f"{module} imports {imported}")
    assert wrong == []


def test_domains_know_each_other_by_their_public_face(graph: grimp.ImportGraph) -> None:
    wrong = []
    for module in graph.modules:
        domain = _domain(module)
        if domain is None:
            continue
        for imported in graph.find_modules_directly_imported_by(module):
            other = _domain(imported)
            if other is not None and other != domain and imported != other:
                wrong.append(f"{module} imports {imported}, past the face of {other}")
    assert wrong == []


def test_the_package_never_needs_the_local_cloud(graph: grimp.ImportGraph) -> None:
    wrong = [
        f"{module} imports {imported}"
        for module in graph.modules
        if module.startswith(("chalicelib", "functions"))
        for imported in graph.find_modules_directly_imported_by(module)
        if imported.startswith("infra")
    ]
    assert wrong == []
