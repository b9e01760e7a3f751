"""Setting a second factor up, and confirming it (AUTH-24, AUTH-25, AUTH-62)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.identity.accounts import Login
from chalicelib.identity.factors import MfaFactor
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard
from infra.local.emulator import Emulator
from tests.identity.mfa.conftest import App, Enrol, SignIn
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import at_once

Kinds = Callable[[], dict[str, int]]
SETUP, CONFIRM = "/v1/auth/mfa/totp/setup", "/v1/auth/mfa/totp/confirm"


def enrolled(person: Person) -> tuple[bool, bool, bool]:
    """What factor, card and login say of it."""
    factor = store.get(MfaFactor, MfaFactor.place(person.id))
    card = store.get(AccessCard, AccessCard.place(person.id))
    login = store.get(Login, Login.place(person.email))
    assert card is not None
    assert login is not None
    return factor is not None and factor.is_confirmed, bool(card.mfa_enrolled), bool(login.mfa)


def mails(cloud: Emulator) -> list[tuple[str, str, str]]:
    """Template, recipient and what changed, of every message."""
    found = [item for item in cloud.items() if item["kind"]["S"] == "Message"]
    return sorted(
        (one["template_key"]["S"], one["to"]["S"], one["payload"]["M"].get("change", {}).get("S", "")) for one in found
    )


def audited(cloud: Emulator) -> list[str]:
    """The actions in the audit trail."""
    return [item["action"]["S"] for item in cloud.items() if item["kind"]["S"] == "AuditEntry"]


@pytest.mark.rule("AUTH-24", "AUTH-62")
def test_a_secret_is_shown_once_and_counts_for_nothing_yet(
    cloud: Emulator, client: Client, people: People, sign_in: SignIn
) -> None:
    student = people.student()
    made = client.post(SETUP, token=student.token, expect=200).json
    assert made["otpauthUri"].startswith(f"otpauth://totp/Pathshala:{student.email}?secret={made['secret']}&")
    assert len(set(made["recoveryCodes"])) == 10
    assert enrolled(student) == (False, False, False)
    assert "accessToken" in sign_in(student).json
    stored = str(cloud.items(f"USER#{student.id}"))
    assert made["secret"] not in stored
    assert not [code for code in made["recoveryCodes"] if code in stored]

    again = client.post(SETUP, token=student.token, expect=200).json
    assert again["secret"] != made["secret"]
    old = App(cloud, student, made["secret"], [])
    assert client.post(CONFIRM, json={"code": old.code()}, token=student.token, expect=401).code == "MFA_CODE_INVALID"
    assert enrolled(student) == (False, False, False)


@pytest.mark.rule("AUTH-24", "AUTH-59")
def test_setting_up_needs_a_recent_proof(cloud: Emulator, client: Client, people: People, kinds: Kinds) -> None:
    student = people.student()
    before = kinds()
    cloud.advance(601)
    refused = client.post(SETUP, token=student.token, expect=401)
    assert refused.code == "REAUTH_REQUIRED"
    assert kinds() == before


@pytest.mark.rule("AUTH-25", "AUTH-55", "AUTH-71")
def test_the_first_code_makes_it_count_and_ends_other_sessions(
    cloud: Emulator, client: Client, people: People, sign_in: SignIn, enrol: Enrol
) -> None:
    student = people.student()
    other = sign_in(student).json
    app = enrol(student)
    assert enrolled(student) == (True, True, True)
    me = client.get("/v1/auth/me", token=app.token, expect=200).json
    assert me["amr"] == ["pwd", "totp"]
    assert me["mfa"] == {"enrolled": True, "required": False}
    assert me["sessionId"] == student.session_id
    for token in (other["accessToken"], student.token):
        refused = client.get("/v1/auth/me", token=token, expect=401)
        assert (refused.code, refused.json["details"]) == ("SESSION_REVOKED", {"reason": "USER"})
    client.post("/v1/auth/refresh", json={"refreshToken": other["refreshToken"]}, expect=401)
    client.post("/v1/auth/refresh", json={"refreshToken": app.refresh_token}, expect=200)
    assert mails(cloud) == [("AUTH_MFA_CHANGED", student.email, "ENABLED")]
    assert audited(cloud) == ["mfa.enable"]

    assert client.post(SETUP, token=app.token, expect=409).code == "MFA_ENROLLED"
    assert client.post(CONFIRM, json={"code": app.code()}, token=app.token, expect=409).code == "MFA_ENROLLED"
    assert audited(cloud) == ["mfa.enable"]


@pytest.mark.rule("AUTH-25")
def test_a_wrong_first_code_changes_nothing(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    nothing = client.post(CONFIRM, json={"code": "482913"}, token=student.token, expect=401)
    assert nothing.code == "MFA_CODE_INVALID"
    made = client.post(SETUP, token=student.token, expect=200).json
    app = App(cloud, student, made["secret"], made["recoveryCodes"])
    for code in (app.wrong(), app.code(drift=5)):
        assert client.post(CONFIRM, json={"code": code}, token=student.token, expect=401).code == "MFA_CODE_INVALID"
    client.post(CONFIRM, json={"code": made["recoveryCodes"][0]}, token=student.token, expect=422)
    assert enrolled(student) == (False, False, False)
    assert mails(cloud) == []
    client.get("/v1/auth/me", token=student.token, expect=200)


@pytest.mark.rule("AUTH-25", "AUTH-62")
def test_confirming_twice_at_once_happens_once(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    made = client.post(SETUP, token=student.token, expect=200).json
    code = App(cloud, student, made["secret"], []).code()
    answers = at_once([lambda: client.post(CONFIRM, json={"code": code}, token=student.token)] * 2)
    assert sorted(answer.status for answer in answers)[0] == 200
    assert {answer.status for answer in answers} - {200} <= {401, 409}
    assert audited(cloud) == ["mfa.enable"]
    assert enrolled(student) == (True, True, True)


@pytest.mark.rule("AUTH-62")
def test_staff_who_must_have_a_factor_can_do_nothing_before(
    client: Client, people: People, enrol: Enrol, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MFA_ADMIN", "required")
    admin, student = people.admin("ADMIN_SUPPORT"), people.student()
    client.get("/v1/users/me", token=student.token, expect=200)
    for method, path in (
        ("GET", "/v1/users/me"),
        ("GET", "/v1/auth/sessions"),
        ("POST", "/v1/auth/logout-all"),
        ("GET", f"/v1/admin/users/{student.id}/sessions"),
    ):
        assert client.call(method, path, token=admin.token, expect=403).code == "MFA_REQUIRED"
    me = client.get("/v1/auth/me", token=admin.token, expect=200).json
    assert me["mfa"] == {"enrolled": False, "required": True}
    app = enrol(admin)
    client.get(f"/v1/admin/users/{student.id}/sessions", token=app.token, expect=200)
    tokens = sign_in(admin, mfaCode=app.code()).json
    client.get(f"/v1/admin/users/{student.id}/sessions", token=tokens["accessToken"], expect=200)
    client.post("/v1/auth/logout", token=tokens["accessToken"], expect=204)


@pytest.mark.rule("AUTH-62")
def test_where_staff_have_no_factors_none_is_set_up(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch, kinds: Kinds
) -> None:
    monkeypatch.setenv("MFA_ADMIN", "off")
    admin, student = people.admin("ADMIN_SUPPORT"), people.student()
    before = kinds()
    assert client.post(SETUP, token=admin.token, expect=403).code == "METHOD_DISABLED"
    assert kinds() == before
    client.post(SETUP, token=student.token, expect=200)
