"""What people may do: roles as data, policies that decide, decisions that can be explained."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.proofs.academy import Academy, Hammer, Person, at_once
from tests.proofs.test_page_05 import pdf_of

ROLES = "/v1/admin/access/roles"


def _code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def _reason(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["details"]["reason"]


def _explained(academy: Academy, user_id: str, action: str, **about: Any) -> Any:
    given = {"userId": user_id, "action": action, **about}
    return academy.ok("POST", "/v1/admin/access/explain", academy.sign_in("ADMIN_SUPER"), json=given)


def _assign(academy: Academy, by: Person, target: str, *roles: str) -> Any:
    given = {"roleKeys": [*roles], "reason": "A proof of who remains"}
    return academy.call("PUT", f"/v1/admin/users/{target}/roles", by, json=given)


@pytest.fixture
def publishing(academy: Academy) -> tuple[Person, str, str]:
    """An editor, the key of the editor's own role, and a note to publish."""
    boss = academy.sign_in("ADMIN_SUPER")
    given = {"key": "PROOF_PUBLISHER", "name": "Publisher", "userType": "ADMIN", "copyFrom": "ADMIN_CONTENT"}
    permissions = academy.ok("GET", f"{ROLES}/ADMIN_CONTENT", boss)["permissions"]
    academy.ok("POST", ROLES, boss, json={**given, "permissions": permissions})
    editor = academy.colleague("PROOF_PUBLISHER")
    return editor, "PROOF_PUBLISHER", academy.note(editor, pdf_of(40_000))


@pytest.mark.rule("ACC-05", "ACC-71")
def test_a_permission_taken_away_is_gone_from_the_next_request(
    academy: Academy, publishing: tuple[Person, str, str]
) -> None:
    editor, role, note = publishing
    boss = academy.sign_in("ADMIN_SUPER")
    publish = partial(academy.call, "POST", f"/v1/admin/notes/{note}/publish", editor)
    hammer = Hammer(lambda: publish().status_code, 6)
    hammer.wait_for("", 30)
    edited = academy.call("PATCH", f"{ROLES}/{role}", boss, json={"remove": ["notes.publish"]})
    hammer.mark("taken")
    hammer.wait_for("taken", 60)
    hammer.end()
    assert edited.status_code == 200, edited.text
    assert edited.json()["propagation"] == {"state": "DONE", "remaining": 0}
    assert 200 in hammer.seen[""]
    assert set(hammer.seen["taken"]) == {403}


@pytest.mark.rule("ACC-52", "ACC-53", "AUD-25")
def test_support_cannot_climb(academy: Academy) -> None:
    boss, support = academy.colleague("ADMIN_SUPER"), academy.colleague("ADMIN_SUPPORT")
    academy.next_window(60)
    role = {"key": "PROOF_MIGHTY", "name": "Mighty", "userType": "ADMIN", "permissions": ["access.manage"]}
    invite = {"email": "climber@academy.example", "roleKeys": ["ADMIN_SUPER"]}
    tries = [
        _assign(academy, support, support.id, "ADMIN_SUPER"),
        academy.call("POST", "/v1/admin/invites", support, json=invite),
        academy.call("POST", ROLES, support, json=role),
        academy.call(
            "PATCH", f"/v1/admin/users/{boss.id}/status", support, json={"status": "BLOCKED", "reason": "climbing"}
        ),
        academy.call("POST", f"/v1/admin/users/{boss.id}/mfa/reset", support, json={"reason": "climbing"}),
    ]
    assert [answer.status_code for answer in tries] == [403] * 5
    assert academy.call("GET", "/v1/auth/me", boss).status_code == 200
    head = academy.sign_in("ADMIN_SUPER")
    assert academy.ok("GET", f"/v1/admin/users/{support.id}", head)["roleKeys"] == ["ADMIN_SUPPORT"]
    assert academy.call("GET", f"{ROLES}/PROOF_MIGHTY", head).status_code == 404
    assert academy.mails("climber@academy.example") == []
    filters = {"actorUserId": support.id, "outcome": "REFUSED", "limit": 100}
    refused = academy.ok("GET", "/v1/admin/audit", head, params=filters)["items"]
    # At most one entry a caller, action and minute: blocking and the reset of a factor are one action.
    assert sorted(one["action"] for one in refused) == ["access.manage", "users.invite", "users.manage"]


@pytest.mark.rule("ACC-08", "ACC-58")
def test_one_super_admin_always_remains(academy: Academy) -> None:
    head = academy.sign_in("ADMIN_SUPER")
    one, two = academy.colleague("ADMIN_SUPER"), academy.colleague("ADMIN_SUPER")
    boss = academy.ok("GET", f"{ROLES}/ADMIN_SUPER/holders", head, params={"limit": 100})["items"]
    others = [holder["userId"] for holder in boss if holder["userId"] not in (one.id, two.id)]
    for other in others:
        assert _assign(academy, one, other, "ADMIN_SUPPORT").status_code == 200
    left = one
    try:
        for _ in range(50):
            answers = at_once(
                [
                    partial(_assign, academy, one, two.id, "ADMIN_SUPPORT"),
                    partial(_assign, academy, two, one.id, "ADMIN_SUPPORT"),
                ]
            )
            assert [answer.status_code for answer in answers].count(200) == 1, [answer.text for answer in answers]
            left, gone = (one, two) if answers[0].status_code == 200 else (two, one)
            found = academy.ok("GET", f"{ROLES}/ADMIN_SUPER/holders", left)["items"]
            assert [holder["userId"] for holder in found] == [left.id]
            assert _assign(academy, left, gone.id, "ADMIN_SUPER").status_code == 200
    finally:
        for other in others:
            _assign(academy, left, other, "ADMIN_SUPER")


@pytest.mark.rule("ACC-37", "ACC-55", "ACC-56", "ACC-10", "ACC-71")
def test_an_entitlement_opens_its_subject_until_it_ends(academy: Academy) -> None:
    editor, finance = academy.sign_in("ADMIN_CONTENT"), academy.sign_in("ADMIN_FINANCE")
    subject, student = academy.subject(editor), academy.register()
    inside, outside = academy.note(editor, pdf_of(40_000), subject=subject), academy.note(editor, pdf_of(40_000))
    plan = academy.plan(finance, days=2, grants=[{"kind": "NOTES", "scope": {"subjectIds": [subject]}}])
    everything = academy.plan(finance)

    def opening(note: str) -> Any:
        return academy.call("POST", f"/v1/notes/{note}/view-session", student, json={"acceptNotice": 1})

    def agrees(note: str, allowed: bool, reason: str, policy: str | None) -> None:
        told = _explained(academy, student.id, "notes.open", resourceType="Note", resourceId=note)
        assert (told["allowed"], told["reason"]) == (allowed, reason)
        assert policy is None or policy in {one["id"] for one in told["policies"]}

    assert _reason(opening(inside)) == (403, "NO_ENTITLEMENT")
    agrees(inside, allowed=False, reason="NO_ENTITLEMENT", policy=None)
    academy.bought(student, plan)
    assert opening(inside).status_code == 201
    agrees(inside, allowed=True, reason="ALLOWED", policy="open-entitled-note")
    assert _reason(opening(outside)) == (403, "ENTITLEMENT_OUT_OF_SCOPE")
    agrees(outside, allowed=False, reason="ENTITLEMENT_OUT_OF_SCOPE", policy=None)
    academy.advance(2 * 86_400)
    academy.next_window(60)
    student = academy.login(student.email)
    assert _reason(opening(inside)) == (403, "ENTITLEMENT_EXPIRED")
    agrees(inside, allowed=False, reason="ENTITLEMENT_EXPIRED", policy=None)
    academy.bought(student, everything)
    assert (opening(inside).status_code, opening(outside).status_code) == (201, 201)
    agrees(outside, allowed=True, reason="ALLOWED", policy="open-entitled-note")


@pytest.mark.rule("ACC-32")
def test_a_permission_forged_onto_a_students_card_opens_nothing(academy: Academy) -> None:
    student = academy.register()
    academy.table().update_item(
        Key={"pk": f"USER#{student.id}", "sk": "ACCESS"},
        UpdateExpression="SET #p = :p",
        ExpressionAttributeNames={"#p": "permissions"},
        ExpressionAttributeValues={":p": {"users.read", "access.read", "content.manage", "payments.read"}},
    )
    for path in ("/v1/admin/users", ROLES, "/v1/admin/subjects", "/v1/admin/payments/orders"):
        assert _code_of(academy.call("GET", path, student)) == (403, "WRONG_USER_TYPE")


@pytest.mark.rule("ACC-45", "ACC-10")
def test_late_refunds_are_for_super_admins(academy: Academy) -> None:
    finance, boss = academy.sign_in("ADMIN_FINANCE"), academy.sign_in("ADMIN_SUPER")
    order = academy.bought(academy.register(), academy.plan(finance))
    about = {"resourceType": "Order", "resourceId": order}
    assert _explained(academy, finance.id, "payments.refund", **about)["allowed"] is True
    academy.advance(25 * 3_600)
    told = _explained(academy, finance.id, "payments.refund", **about)
    assert (told["allowed"], told["reason"]) == (False, "REFUND_TOO_LATE")
    assert _explained(academy, boss.id, "payments.refund", **about)["allowed"] is True


@pytest.mark.rule("ACC-13", "ACC-70")
def test_the_matrix_says_which_role_reaches_which_endpoint(academy: Academy) -> None:
    boss = academy.sign_in("ADMIN_SUPER")
    actions = academy.ok("GET", "/v1/admin/access/matrix", boss)["actions"]
    documented = academy.ok("GET", "/v1/openapi.json")["paths"]
    places = {(one["method"], one["path"]) for one in actions}
    for path, methods in documented.items():
        for method, operation in methods.items():
            if isinstance(operation, dict) and operation.get("x-action"):
                assert (method.upper(), path) in places
    [publish] = [one for one in actions if one["path"] == "/v1/admin/notes/{noteId}/publish"]
    assert {"ADMIN_SUPER", "ADMIN_CONTENT"} <= set(publish["roles"])
    assert "ADMIN_SUPPORT" not in publish["roles"]
