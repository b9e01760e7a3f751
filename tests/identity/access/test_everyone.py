"""Everybody out (ACC-15, AUTH-77)."""

from __future__ import annotations

from functools import partial

import pytest

from chalicelib.platform.access import epoch
from tests.identity.access.staff import Office, card_of
from tests.support.people import Person
from tests.support.races import round_trips

PATH = "/v1/admin/access/revoke-everyone"


def _me(office: Office, person: Person) -> int:
    return office.client.get("/v1/auth/me", token=person.token).status


@pytest.mark.rule("ACC-15", "AUTH-77", "AUTH-55")
def test_tokens_of_a_type_are_void(office: Office) -> None:
    student, other = office.people.student(), office.people.student()
    answer = office.client.post(
        PATH, json={"userType": "STUDENT", "reason": "A key has leaked"}, token=office.boss.token, expect=202
    )
    assert answer.json["userTypes"] == ["STUDENT"]
    refused = office.client.get("/v1/auth/me", token=student.token)
    assert (refused.status, refused.code) == (401, "SESSION_REVOKED")
    again = office.client.post("/v1/auth/refresh", json={"refreshToken": other.refresh_token})
    assert again.status == 401
    assert _me(office, office.boss) == 200
    entry = office.audited()[-1]
    assert (entry["action"], entry["resource_id"], entry["reason"]) == (
        "access.revoke_everyone",
        "STUDENT",
        "A key has leaked",
    )
    office.cloud.advance(1.1)
    # A token that says it is of now, of a session of then: somebody has the key.
    forged = office.people.token(student.id, student.session_id, "STUDENT")
    assert office.client.get("/v1/auth/me", token=forged).status == 401
    body = {"email": student.email, "password": student.password}
    tokens = office.client.post("/v1/auth/login", json=body, expect=200).json
    assert office.client.get("/v1/auth/me", token=tokens["accessToken"]).status == 200
    office.client.post("/v1/auth/refresh", json={"refreshToken": tokens["refreshToken"]}, expect=200)


@pytest.mark.rule("ACC-15", "ACC-51")
def test_other_containers_know_within_thirty_seconds_at_no_time(office: Office) -> None:
    student = office.people.student()
    office.client.post(PATH, json={"reason": "A key has leaked"}, token=office.boss.token, expect=202)
    assert _me(office, office.boss) == 401
    # A container that has just read that there is nothing, and goes on with it.
    epoch.keep(None)
    with office.cloud.calls.during() as calls:
        assert _me(office, student) == 200
    assert "AccessEpoch" not in str([call.target for call in calls])
    office.cloud.advance(29)
    assert _me(office, student) == 200
    # Refreshing looks always.
    refreshed = office.client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token})
    assert refreshed.status == 401
    epoch.keep(None)
    office.cloud.advance(30.1)
    with office.cloud.calls.during() as calls:
        assert _me(office, student) == 401
    assert round_trips(calls, counters=False) == 1


@pytest.mark.rule("ACC-15", "AUTH-59")
@pytest.mark.policy("everyone-by-super-admin", "allows")
@pytest.mark.policy("everyone-by-super-admin", "refuses")
def test_only_super_admins_with_a_recent_proof(office: Office) -> None:
    role = {"key": "DEPUTY", "name": "Deputy", "userType": "ADMIN", "permissions": ["access.manage"]}
    office.client.post("/v1/admin/access/roles", json=role, token=office.boss.token, expect=201)
    deputy = office.staff("DEPUTY")
    assert "access.manage" in card_of(deputy.id).permissions
    post = partial(office.client.post, PATH, json={"reason": "A key has leaked"})
    same = office.unchanged()
    refused = post(token=deputy.token)
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    office.cloud.advance(601)
    late = post(token=office.boss.token)
    assert (late.status, late.code) == (401, "REAUTH_REQUIRED")
    assert same()
    assert post(token=office.staff("ADMIN_SUPER").token).status == 202
