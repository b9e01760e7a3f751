"""What is deployed: the policies with their version, and which role reaches which endpoint."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from chalicelib.identity.roles import Role, seed_roles
from chalicelib.platform import registry, store
from chalicelib.platform.access import policies as in_force
from chalicelib.platform.access.catalogue import DEFAULT_ROLES
from chalicelib.platform.http.endpoint import Endpoint
from infra.local.emulator import Emulator
from tests.architecture.source import ROOT
from tests.support.client import Client
from tests.support.people import Person

POLICIES, MATRIX = "/v1/admin/access/policies", "/v1/admin/access/matrix"


@pytest.fixture(autouse=True)
def _roles(cloud: Emulator) -> None:
    seed_roles()


@pytest.mark.rule("ACC-11")
def test_the_deployed_policies_are_shown_with_their_version(client: Client, auditor: Person) -> None:
    answer = client.get(POLICIES, token=auditor.token, expect=200).json
    by_id = {one["id"]: one for one in answer["items"]}
    assert set(by_id) == set(in_force.policies())
    assert by_id["refund-window"]["effect"] == "forbid"
    assert by_id["refund-window"]["file"] == "policies/access/commerce.cedar"
    assert 'action == Action::"payments.refund"' in by_id["refund-window"]["text"]
    assert by_id["permission:notes.read"]["effect"] == "permit"
    assert "\n\n".join(one["text"] for one in answer["items"]) == in_force.policy_text()
    assert answer["version"] == client.get("/v1/health", expect=200).json["policyVersion"] == in_force.policy_version()


@pytest.mark.rule("ACC-11")
def test_the_version_changes_with_policies_and_with_their_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """The hash is of both texts."""
    seen = {in_force.version_of(*texts) for texts in (("a", "b"), ("a", "c"), ("d", "b"), ("ab", ""))}
    assert len(seen) == 4
    assert in_force.version_of(in_force.policy_text(), in_force.schema_text()) == in_force.policy_version()


@pytest.mark.rule("ACC-13", "ACC-70")
def test_every_endpoint_with_an_action_says_what_it_needs_and_who_has_it(client: Client, auditor: Person) -> None:
    rows = client.get(MATRIX, token=auditor.token, expect=200).json["actions"]
    found = {(row["method"], row["path"]): row for row in rows}
    declared = {
        (method, one.path): one
        for one in registry.of(Endpoint)
        if one.action is not None and one.module.startswith("functions.")
        for method in one.methods
    }
    assert set(found) >= set(declared)
    for place, endpoint in declared.items():
        row, action = found[place], endpoint.action
        assert action is not None
        assert (row["action"], row["area"]) == (action.name, endpoint.area)
        assert row["permission"] == (" or ".join(map(str, action.permissions)) or None)
        if action.permissions and not action.own:
            assert set(row["roles"]) == {
                role.key for role in DEFAULT_ROLES if role.permissions & set(action.permissions)
            }
    checkout = found["POST", "/v1/payments/checkout"]
    assert (checkout["permission"], checkout["roles"]) == (None, ["STUDENT"])
    assert len(found["GET", "/v1/users/me"]["roles"]) == len(DEFAULT_ROLES)


@pytest.mark.rule("ACC-13")
def test_the_matrix_is_of_the_roles_as_they_are_and_can_be_narrowed(client: Client, auditor: Person) -> None:
    store.update(Role, Role.place("ADMIN_FINANCE"), [Role.permissions.set({"content.manage"})])
    rows = client.get(MATRIX, token=auditor.token, query={"role": "ADMIN_FINANCE", "area": "taxonomy"}, expect=200).json
    assert {row["area"] for row in rows["actions"]} == {"taxonomy"}
    assert ("POST", "/v1/admin/subjects") in {(row["method"], row["path"]) for row in rows["actions"]}
    every = client.get(MATRIX, token=auditor.token, query={"role": "ADMIN_FINANCE"}, expect=200).json["actions"]
    assert "/v1/admin/payments/orders" not in {row["path"] for row in every}
    assert client.get(MATRIX, token=auditor.token, query={"area": "nowhere"}, expect=200).json == {"actions": []}


@pytest.mark.rule("ACC-13")
def test_the_deployed_function_knows_the_declarations_of_all_others() -> None:
    """A Lambda imports its own module alone; for the matrix it reads the others' declarations, not their insides."""
    show = (
        "import functions.access.decisions_admin as own; from chalicelib.platform import registry;"
        "from chalicelib.platform.http.endpoint import Endpoint; from chalicelib.identity.explaining import matrix;"
        "registry.load_declarations(); print(len(matrix.rows_of(registry.of(Endpoint), [])))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", show],
        env={**os.environ, "_HANDLER": "functions.access.decisions_admin.access_matrix"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    guarded = [one for one in registry.load_all().values() if isinstance(one, Endpoint) and one.action is not None]
    own = [one for one in guarded if one.module.startswith("functions.")]
    assert int(ran.stdout) == sum(len(one.methods) for one in own)
