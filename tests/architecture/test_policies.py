"""The policies: valid against their schema, complete, and each shown to allow and to refuse."""

from __future__ import annotations

import re

import cedarpy
import pytest

from chalicelib.platform.access.catalogue import ACADEMY_PERMISSIONS, Actions, Permission
from chalicelib.platform.access.decisions import REASON_ORDER
from chalicelib.platform.access.policies import policies, policy_text, resource_types, schema_text
from infra.package.policies import problems
from tests.architecture.source import python_files

AWAITED = {
    *("tests.read", "tests.write", "tests.publish", "tests.browse", "tests.attempt"),
    *("attempts.read", "attempts.sit", "attempts.review", "print.generate"),
    *("practice.use", "practice.answer", "practice.progress.own", "analytics.own", "search.use"),
    *("courses.read", "courses.write", "courses.publish", "courses.manage"),
    *("centres.read", "centres.manage", "centre.students.read", "centre.students.manage", "centre.seats.manage"),
    *("centre.payments.read", "centre.payments.manage", "centre.messages.send", "centre.staff.manage"),
    *("centre.settings.manage", "centre.reports.read"),
}
"""Decided by policies, asked by no function yet: later pages bring those. The list only shrinks."""
WRITTEN = [policy for policy in policies().values() if policy.file.endswith(".cedar")]


@pytest.mark.rule("ACC-59")
def test_policies_are_valid_against_their_schema_and_formatted() -> None:
    """What ``make check`` says: strict validation, and the formatter."""
    assert problems() == []


@pytest.mark.rule("ACC-59")
def test_every_policy_has_an_id_a_description_and_a_forbid_its_reason() -> None:
    parsed = cedarpy.policies_to_json_str(policy_text())
    assert parsed.count('"effect"') == len(policies()) == len(WRITTEN) + policy_text().count('@id("permission:')
    for policy in policies().values():
        assert policy.description, policy.id
        assert policy.effect in {"permit", "forbid"}
        assert (policy.effect == "forbid") == (policy.reason is not None), policy.id
        assert policy.reason is None or policy.reason in REASON_ORDER
        assert policy.permission is None or policy.permission in set(Permission)


@pytest.mark.rule("ACC-59")
def test_every_policy_is_shown_to_allow_and_to_refuse() -> None:
    """A test says so with ``@pytest.mark.policy("note-ban", allows=…)``; both kinds must exist."""
    marks: dict[str, set[str]] = {}
    pattern = re.compile(r"pytest\.mark\.policy\(\s*\"([a-z-]+)\",\s*\"(allows|refuses)\"")
    for path in python_files("tests"):
        for name, kind in pattern.findall(path.read_text("utf-8")):
            marks.setdefault(name, set()).add(kind)
    missing = {
        policy.id: sorted({"allows", "refuses"} - marks.get(policy.id, set()))
        for policy in WRITTEN
        if marks.get(policy.id, set()) != {"allows", "refuses"}
    }
    assert missing == {}
    assert set(marks) <= {policy.id for policy in WRITTEN}


@pytest.mark.rule("ACC-50")
def test_the_schema_lists_exactly_the_actions_that_code_names() -> None:
    """Cedar's schema is the one list; the constants of the catalogue are the same, with the same groups."""
    declared: dict[str, set[str]] = {}
    for names, groups in re.findall(r"action ((?:\"[\w.:]+\",?\s*)+)(?:in \[([^\]]*)\]\s*)?appliesTo", schema_text()):
        for name in re.findall(r"\"([\w.:]+)\"", names):
            declared[name] = set(re.findall(r"\"([\w.:]+)\"", groups))
    assert declared == {name: set(action.groups) for name, action in Actions.all().items()}
    assert set(resource_types()) == set(Actions.all())


@pytest.mark.rule("ACC-50")
def test_every_action_is_named_by_a_function() -> None:
    from chalicelib.platform import registry
    from chalicelib.platform.http.endpoint import Endpoint

    registry.load_all()
    used = {endpoint.action.name for endpoint in registry.of(Endpoint) if endpoint.action}
    assert used == set(Actions.all()) - AWAITED


def test_permissions_of_actions_are_of_the_academy_and_those_of_centres_of_centres() -> None:
    for action in Actions.all().values():
        assert all(not permission.inside_centre for permission in action.permissions)
        assert all(permission.inside_centre for permission in action.centre)
        assert not (action.permissions and action.centre)
    assert {name for action in Actions.all().values() for name in action.centre} == set(
        Permission
    ) - ACADEMY_PERMISSIONS


@pytest.mark.rule("ACC-62")
def test_cedar_is_asked_in_one_place() -> None:
    """Everybody else builds, decides and explains through it: another policy store would replace one module."""
    asking = {
        path.name for path in python_files("chalicelib", "functions") if "import cedarpy" in path.read_text("utf-8")
    }
    assert asking == {"decisions.py"}
