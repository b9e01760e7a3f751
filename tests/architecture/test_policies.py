"""The policies: valid against their schema, complete, and each shown to allow and to refuse."""

from __future__ import annotations

import re
from itertools import chain

import cedarpy
import pytest

from chalicelib.platform.access.catalogue import Action, Actions
from chalicelib.platform.access.decisions import POLICY_FOLDER, policy_text
from tests.architecture.source import ROOT, python_files

AWAITED = {"notes.preview", "notes.progress", "sessions.manage"}
"""Decided by policies, asked by no function yet. The list only shrinks."""
SCHEMA = (POLICY_FOLDER / "schema.cedarschema").read_text("utf-8")
_POLICY = re.compile(r"((?:@\w+\(\"[^\"]*\"\)\s*)+)(permit|forbid)", re.DOTALL)


def _policies() -> list[dict[str, str]]:
    text = "\n".join(path.read_text("utf-8") for path in sorted(POLICY_FOLDER.glob("*.cedar")))
    found = []
    for notes, effect in _POLICY.findall(text):
        facts = dict(re.findall(r"@(\w+)\(\"([^\"]*)\"\)", notes))
        found.append({**facts, "effect": effect})
    return found


@pytest.mark.rule("ACC-59")
def test_policies_are_valid_against_their_schema() -> None:
    result = cedarpy.validate_policies(policy_text(), SCHEMA)
    assert result.validation_passed, [str(error) for error in result.errors]


@pytest.mark.rule("ACC-59")
def test_every_policy_has_an_id_a_description_and_a_forbid_its_reason() -> None:
    policies = _policies()
    ids = [policy.get("id") for policy in policies]
    assert len(ids) == len(set(ids))
    for policy in policies:
        assert policy.get("id"), policy
        assert policy.get("description"), policy
        assert (policy["effect"] == "forbid") == ("reason" in policy), policy["id"]


@pytest.mark.rule("ACC-59")
def test_every_policy_is_shown_to_allow_and_to_refuse() -> None:
    """A test says so with ``@pytest.mark.policy("note-ban", allows=…)``; both kinds must exist."""
    marks: dict[str, set[str]] = {}
    pattern = re.compile(r"pytest\.mark\.policy\(\s*\"([a-z-]+)\",\s*\"(allows|refuses)\"")
    for path in python_files("tests"):
        for name, kind in pattern.findall(path.read_text("utf-8")):
            marks.setdefault(name, set()).add(kind)
    missing = {
        policy["id"]: sorted({"allows", "refuses"} - marks.get(policy["id"], set()))
        for policy in _policies()
        if marks.get(policy["id"], set()) != {"allows", "refuses"}
    }
    assert missing == {}
    assert set(marks) <= {policy["id"] for policy in _policies()}


@pytest.mark.rule("ACC-50")
def test_the_schema_lists_exactly_the_actions_that_code_names() -> None:
    """Cedar's schema is the one list; the constants of the catalogue are the same, with the same groups."""
    declared: dict[str, set[str]] = {}
    for names, groups in re.findall(r"action ((?:\"[\w.:]+\",?\s*)+)(?:in \[([^\]]*)\]\s*)?appliesTo", SCHEMA):
        for name in re.findall(r"\"([\w.:]+)\"", names):
            declared[name] = set(re.findall(r"\"([\w.:]+)\"", groups))
    assert declared == {name: _groups(action) for name, action in Actions.all().items()}


def _groups(action: Action) -> set[str]:
    if action.for_staff:
        own = set() if action.late else {f"permission:{name}" for name in action.permissions}
        return {"admin", *own}
    if action.own:
        return {"own"}
    return {"student"} if action.feature else set()


@pytest.mark.rule("ACC-50")
def test_every_action_is_named_by_a_function() -> None:
    from chalicelib.platform import registry
    from chalicelib.platform.http.endpoint import Endpoint

    registry.load_all()
    used = {endpoint.action.name for endpoint in registry.of(Endpoint) if endpoint.action}
    assert used == set(Actions.all()) - AWAITED


def test_permissions_of_actions_are_of_the_academy() -> None:
    for action in Actions.all().values():
        assert all(not permission.inside_centre for permission in action.permissions)
    assert len(list(chain(_policies()))) >= 10
    assert ROOT.exists()
