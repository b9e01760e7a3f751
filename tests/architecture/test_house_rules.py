"""House rules that a linter does not know. Each says why."""

from __future__ import annotations

import ast
import re

import pytest

from tests.architecture.source import PRODUCT, python_files, shown, tree

VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}
PERMISSION_CHECK = re.compile(r"\bin \S*\.permissions\b|\.permissions\b\)?\s*([=!]=|[<>&|-]|\.is)")
ROLE_CHECK = re.compile(r"\b(role_keys|roles)\b.*(==|!=|\bin\b)|(==|\bin\b)\s*\(?.*\b(ADMIN_[A-Z]+|ADMIN_SUPER)\b")


def test_no_module_has_a_vague_name() -> None:
    """Such a module collects what nobody placed."""
    assert [shown(path) for path in python_files(*PRODUCT) if path.stem in VAGUE] == []


@pytest.mark.rule("ACC-50")
def test_domains_compare_no_roles_and_no_permissions() -> None:
    """Policies decide; a comparison in a domain would be a second, invisible policy."""
    found = []
    for path in python_files("chalicelib", "functions"):
        name = shown(path)
        if "/platform/" in name or "/identity/roles/" in name:
            continue
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            if PERMISSION_CHECK.search(line) or ROLE_CHECK.search(line.split("#")[0]):
                found.append(f"{name}:{number}: {line.strip()}")
    assert found == []


def test_nothing_is_left_undone() -> None:
    """A rule that is not built has no code that pretends to be it."""
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    here = shown(__import__("pathlib").Path(__file__))
    found = [
        f"{shown(path)}:{number}"
        for path in python_files(*PRODUCT, "tests")
        if shown(path) != here
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if words.search(line)
    ]
    assert found == []


def test_nothing_of_ours_is_patched_and_no_test_sleeps() -> None:
    """The outside is simulated, the inside runs for real; a test waits for a state, not for a time."""
    found = []
    for path in python_files("tests"):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"mock.patch", "unittest.mock", "time.sleep"}:
                found.append(f"{shown(path)}:{node.lineno}")
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("unittest.mock"):
                found.append(f"{shown(path)}:{node.lineno}")
    assert found == []


def test_time_is_read_from_one_clock() -> None:
    """So that the local cloud can move it."""
    banned = {"datetime.now", "datetime.utcnow", "time.time", "date.today"}
    found = [
        f"{shown(path)}:{node.lineno}"
        for path in python_files("chalicelib", "functions")
        if shown(path) != "chalicelib/platform/clock.py"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in banned
    ]
    assert found == []


def test_no_request_path_scans() -> None:
    """A scan costs the whole table."""
    found = [
        f"{shown(path)}:{number}"
        for path in python_files("chalicelib", "functions")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(r"\.scan\(", line)
    ]
    assert found == []


def test_only_a_domains_items_know_its_keys() -> None:
    """Whoever else built a key would have to change with it."""
    pattern = re.compile(r"\bKey\(f?\"")
    found = [
        f"{shown(path)}:{number}"
        for path in python_files("chalicelib")
        if "/platform/" not in shown(path) and path.stem != "items" and path.parent.name != "items"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert found == []
