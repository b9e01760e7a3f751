"""Removing a second factor, new recovery codes, and staff who help (AUTH-27 … AUTH-29)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chalicelib.identity.accounts import Login
from chalicelib.platform import store
from infra.local.emulator import Emulator
from tests.identity.mfa.conftest import App, Enrol, SignIn
from tests.identity.mfa.test_setup import audited, enrolled, mails
from tests.identity.mfa.test_verify import asked, live
from tests.support.client import Client, Response
from tests.support.people import People
from tests.support.races import at_once, just_before

Second = Callable[..., Response]
TOTP, CODES = "/v1/auth/mfa/totp", "/v1/auth/mfa/recovery-codes"


@pytest.mark.rule("AUTH-27", "AUTH-55", "AUTH-71")
def test_password_and_code_remove_it(cloud: Emulator, client: Client, app: App, sign_in: SignIn) -> None:
    other = sign_in(app.person, mfaCode=app.code()).json
    body = {"password": app.person.password, "code": app.code()}
    client.delete(TOTP, json=body, token=app.token, expect=204)
    assert enrolled(app.person) == (False, False, False)
    client.get("/v1/auth/me", token=app.token, expect=200)
    assert client.post(CODES, json={"code": app.recovery[0]}, token=app.token, expect=403).code == "MFA_REQUIRED"
    refused = client.get("/v1/auth/me", token=other["accessToken"], expect=401)
    assert (refused.code, refused.json["details"]) == ("SESSION_REVOKED", {"reason": "USER"})
    assert "accessToken" in sign_in(app.person).json
    assert ("AUTH_MFA_CHANGED", app.person.email, "DISABLED") in mails(cloud)
    assert audited(cloud) == ["mfa.enable", "mfa.disable"]


@pytest.mark.rule("AUTH-27", "AUTH-62")
@pytest.mark.parametrize(
    ("wrong", "status", "code"),
    [
        ("password", 401, "INVALID_CREDENTIALS"),
        ("code", 401, "MFA_CODE_INVALID"),
        ("session", 403, "MFA_REQUIRED"),
        ("compulsory", 403, "MFA_REQUIRED"),
    ],
)
def test_without_either_it_stays(
    cloud: Emulator,
    client: Client,
    people: People,
    enrol: Enrol,
    monkeypatch: pytest.MonkeyPatch,
    wrong: str,
    status: int,
    code: str,
) -> None:
    app = enrol(people.admin("ADMIN_SUPPORT"))
    token = app.token
    body = {"password": app.person.password, "code": app.code()}
    if wrong == "password":
        body["password"] = "not the password"
    elif wrong == "code":
        body["code"] = app.wrong()
    elif wrong == "session":
        token = people.admin("ADMIN_SUPPORT").token
    else:
        monkeypatch.setenv("MFA_ADMIN", "required")
    assert client.delete(TOTP, json=body, token=token, expect=status).code == code
    assert enrolled(app.person) == (True, True, True)
    assert audited(cloud) == ["mfa.enable"]


@pytest.mark.rule("AUTH-27")
def test_an_address_that_changes_meanwhile_is_a_conflict(client: Client, app: App) -> None:
    body = {"password": app.person.password, "code": app.code()}
    place = Login.place(app.person.email)
    moved = [Login.user_id.set("0" * 26)]
    with just_before("TransactWriteItems", lambda: store.update(Login, place, moved)):
        assert client.delete(TOTP, json=body, token=app.token, expect=409).code == "CONFLICT"
    store.update(Login, place, [Login.user_id.set(app.person.id)])
    assert enrolled(app.person) == (True, True, True)


@pytest.mark.rule("AUTH-28", "AUTH-71")
def test_new_recovery_codes_kill_the_old(
    cloud: Emulator, client: Client, app: App, sign_in: SignIn, second: Second
) -> None:
    code = app.code()
    new = client.post(CODES, json={"code": code}, token=app.token, expect=200).json["recoveryCodes"]
    assert len(set(new)) == 10
    assert not set(new) & set(app.recovery)
    token = asked(sign_in(app.person))
    assert second(token, app.recovery[0], expect=401).code == "MFA_CODE_INVALID"
    second(token, new[0], expect=200)
    assert client.post(CODES, json={"code": code}, token=app.token, expect=401).code == "MFA_CODE_INVALID"
    assert ("AUTH_MFA_CHANGED", app.person.email, "RECOVERY_CODES") in mails(cloud)
    assert "mfa.renew_recovery_codes" in audited(cloud)
    answers = at_once([lambda: client.post(CODES, json={"code": new[1]}, token=app.token)] * 2)
    assert sorted(answer.status for answer in answers) == [200, 401]


@pytest.mark.rule("AUTH-28")
def test_without_a_second_factor_there_are_no_codes(client: Client, people: People) -> None:
    student = people.student()
    assert client.post(CODES, json={"code": "482913"}, token=student.token, expect=403).code == "MFA_REQUIRED"


@pytest.mark.rule("AUTH-29", "AUTH-55", "AUTH-71")
def test_staff_remove_it_for_somebody(
    cloud: Emulator, client: Client, people: People, app: App, sign_in: SignIn
) -> None:
    support, path = people.admin("ADMIN_SUPPORT"), f"/v1/admin/users/{app.person.id}/mfa/reset"
    pending = asked(sign_in(app.person))
    body = {"reason": "Lost the phone"}
    client.post(path, json=body, token=support.token, expect=204)
    assert enrolled(app.person) == (False, False, False)
    assert live(app.person) == set()
    refused = client.get("/v1/auth/me", token=app.token, expect=401)
    assert (refused.code, refused.json["details"]) == ("SESSION_REVOKED", {"reason": "ADMIN"})
    verify = {"mfaToken": pending, "code": app.code()}
    assert client.post("/v1/auth/mfa/verify", json=verify, expect=401).code == "MFA_CODE_INVALID"
    assert "accessToken" in sign_in(app.person).json
    assert ("AUTH_MFA_CHANGED", app.person.email, "RESET") in mails(cloud)
    entry = next(item for item in cloud.items() if item.get("action", {}).get("S") == "mfa.reset")
    assert (entry["reason"]["S"], entry["actor_user_id"]["S"]) == ("Lost the phone", support.id)
    before = cloud.items()
    client.post(path, json=body, token=support.token, expect=204)
    changed = {item["kind"]["S"] for item in cloud.items() if item not in before}
    assert changed <= {"RateWindow"}


@pytest.mark.rule("AUTH-29", "ACC-53", "AUTH-59")
def test_nobody_resets_the_mightier_nor_without_a_recent_proof(
    cloud: Emulator, client: Client, people: People, enrol: Enrol
) -> None:
    boss, support = enrol(people.super_admin()), people.admin("ADMIN_SUPPORT")
    body = {"reason": "Lost the phone"}
    path = f"/v1/admin/users/{boss.person.id}/mfa/reset"
    assert client.post(path, json=body, token=support.token, expect=403).code == "TARGET_OUTRANKS"
    app = enrol(people.student())
    cloud.advance(601)
    path = f"/v1/admin/users/{app.person.id}/mfa/reset"
    assert client.post(path, json=body, token=support.token, expect=401).code == "REAUTH_REQUIRED"
    client.post(path, json={}, token=support.token, expect=422)
    for one in (boss, app):
        assert enrolled(one.person) == (True, True, True)
