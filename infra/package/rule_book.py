"""``docs/rules.md``: each rule of the requirements that this backend keeps, with the tests that prove it.

Made from the marks ``@pytest.mark.rule("…")`` in ``tests``; a test holds them and the ledger together.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ROOT / "docs" / "rules.md"
SHOWN = 4

_HEAD = """# Rules and their tests

Written by `make docs` from the marks of the tests; `make check` compares. Run the tests of a file with
`.venv/bin/python -m pytest <file>`, one of them with `<file>::<test>`.
"""


def _ids(decorators: Sequence[ast.expr]) -> Iterator[str]:
    for decorator in decorators:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.rule":
            yield from (str(one.value) for one in decorator.args if isinstance(one, ast.Constant))


def proofs() -> dict[str, list[str]]:
    """Rule id → ``tests/…/test_x.py::test_y``, sorted."""
    found: dict[str, set[str]] = defaultdict(set)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        place = path.relative_to(ROOT).as_posix()
        tree = ast.parse(path.read_text("utf-8"))
        whole = [
            rule
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
            for rule in _ids(node.value.elts if isinstance(node.value, ast.List) else [node.value])
        ]
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for rule in [*whole, *_ids(node.decorator_list)]:
                    found[rule].add(f"{place}::{node.name}")
    return {rule: sorted(tests) for rule, tests in sorted(found.items())}


def render(found: Mapping[str, Sequence[str]]) -> str:
    """The document."""
    lines, prefix = [_HEAD], ""
    for rule, tests in found.items():
        if rule.partition("-")[0] != prefix:
            prefix = rule.partition("-")[0]
            lines.append(f"\n## {prefix}\n\n| rule | proved by |\n| --- | --- |")
        shown = [f"`{test.removeprefix('tests/')}`" for test in tests[:SHOWN]]
        more = f" and {len(tests) - SHOWN} more" if len(tests) > SHOWN else ""
        lines.append(f"| {rule} | {', '.join(shown)}{more} |")
    return "\n".join(lines) + "\n"


def write() -> Path:
    """Write the document anew."""
    WRITTEN.write_text(render(proofs()), encoding="utf-8")
    return WRITTEN


def outdated() -> bool:
    """Whether what is committed is not what the tests say."""
    return not WRITTEN.is_file() or WRITTEN.read_text("utf-8") != render(proofs())
