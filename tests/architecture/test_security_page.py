"""``docs/security.md`` is complete, and what it names exists (QUAL-35)."""

from __future__ import annotations

import re

import pytest

from tests.architecture.source import ROOT
from tests.architecture.test_rule_ledger import claimed

PAGE = ROOT / "docs" / "security.md"
_ROW = re.compile(r"^\| (\d+\.\d+\.\d+) [^|]+ \| ([12]) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)

COUNTED = {
    "1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
    "2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
    "6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
    "7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
    "8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
    "9.1": 3, "9.2": 4,
    "16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
}  # fmt: skip
"""How many requirements of levels 1 and 2 each section of ASVS 5.0.0 has; they come first in their section."""


def rows() -> list[tuple[str, str, str, str]]:
    return _ROW.findall(PAGE.read_text("utf-8"))


@pytest.mark.rule("QUAL-35")
def test_every_requirement_of_both_levels_has_its_row() -> None:
    wanted = {f"{section}.{number + 1}" for section, count in COUNTED.items() for number in range(count)}
    there = [one[0] for one in rows()]
    assert len(there) == len(set(there))
    assert {one for one in there if not one.startswith("10.")} == wanted


@pytest.mark.rule("QUAL-35")
def test_every_rule_that_a_row_names_is_proved() -> None:
    """A row without a rule says in words why there is nothing to prove."""
    ledger = set(claimed())
    named = {number: re.findall(r"[A-Z]{2,6}-\d{2,3}", rules) for number, _, _, rules in rows()}
    assert {number: sorted(set(rules) - ledger) for number, rules in named.items() if set(rules) - ledger} == {}
    nothing = {number for number, _, _, rules in rows() if rules.strip() == "–"}
    assert {number for number, rules in named.items() if not rules} == nothing
