"""The ledger: each rule that is built has a test that carries its id, and no test carries an id that is not built.

``rules.txt`` lists the ids that this backend claims to keep. A rule without proof is visible here; so is a misspelt
mark.
"""

from __future__ import annotations

import re

from tests.architecture.source import ROOT, python_files

LEDGER = ROOT / "tests" / "architecture" / "rules.txt"
_MARK = re.compile(r"mark\.rule\(([^)]*)\)", re.DOTALL)
_ID = re.compile(r"[A-Z]{2,6}-\d{2,3}")


def claimed() -> list[str]:
    """The ids that are built."""
    return [line for line in LEDGER.read_text("utf-8").split() if _ID.fullmatch(line)]


def proved() -> dict[str, list[str]]:
    """Id → the test files that carry it."""
    found: dict[str, list[str]] = {}
    for path in python_files("tests"):
        for mark in _MARK.findall(path.read_text("utf-8")):
            for rule in _ID.findall(mark):
                found.setdefault(rule, []).append(path.name)
    return found


def test_every_rule_has_a_proof() -> None:
    assert sorted(set(claimed()) - set(proved())) == []


def test_every_mark_names_a_rule() -> None:
    assert sorted(set(proved()) - set(claimed())) == []


def test_the_ledger_names_a_rule_once() -> None:
    assert len(claimed()) == len(set(claimed()))
