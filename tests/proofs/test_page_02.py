"""Who somebody is: accounts, codes, sessions, invitations, keys, an external provider."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.proofs.academy import PASSWORD, STAFF_PASSWORD, Academy, Hammer, Person, at_once
from tests.support.log_audit import leaks

CODE = r"\b(\d{6})\b"


def _ask(academy: Academy, email: str, purpose: str = "LOGIN") -> Any:
    return academy.ok("POST", "/v1/auth/request-otp", json={"email": email, "purpose": purpose})


def _code(academy: Academy, person: Person) -> dict[str, str]:
    """A fresh code for somebody, with its challenge."""
    academy.empty_mailbox()
    asked = _ask(academy, person.email)
    code = academy.mailed(person.email, CODE)
    return {"email": person.email, "code": code, "challengeId": asked["challengeId"]}


def _code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.rule("AUTH-01", "AUTH-42")
def test_of_twenty_equal_registrations_one_wins(academy: Academy) -> None:
    spellings = ["Twenty.Times@student.example", "twenty.times@STUDENT.example"]
    given = {"password": PASSWORD, "name": "Twenty Times", "acceptedTerms": True}
    register = [
        partial(academy.call, "POST", "/v1/auth/register", json={**given, "email": spellings[number % 2]})
        for number in range(20)
    ]
    statuses = [answer.status_code for answer in at_once(register)]
    assert (statuses.count(201), statuses.count(409)) == (1, 19)
    boss = academy.sign_in("ADMIN_SUPER")
    found = academy.ok("GET", "/v1/admin/users", boss, params={"search": "twenty.times@"})["items"]
    assert [one["email"] for one in found] == ["twenty.times@student.example"]


@pytest.mark.rule("AUTH-51", "AUTH-52", "AUTH-55", "SHIELD-51")
def test_a_refresh_token_rotates_once_and_its_reuse_ends_the_session(academy: Academy) -> None:
    person = academy.register()
    refresh = partial(academy.call, "POST", "/v1/auth/refresh", json={"refreshToken": person.refresh})
    first, second = at_once([refresh, refresh])
    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json()["refreshToken"] == second.json()["refreshToken"]
    academy.advance(11)
    assert _code_of(refresh()) == (401, "REFRESH_REUSED")
    successor = {"refreshToken": first.json()["refreshToken"]}
    assert academy.call("POST", "/v1/auth/refresh", json=successor).status_code == 401
    renewed = Person(person.id, person.email, first.json()["accessToken"])
    assert academy.call("GET", "/v1/auth/me", renewed).status_code == 401
    boss = academy.sign_in("ADMIN_SUPER")
    signals = academy.ok("GET", "/v1/admin/security/signals", boss, params={"userId": person.id})["items"]
    assert [(one["type"], one["severity"]) for one in signals] == [("REFRESH_REUSE", "HIGH")]


@pytest.mark.rule("AUTH-08", "AUTH-55")
def test_a_session_ended_from_another_device_is_over_at_once(academy: Academy) -> None:
    one = academy.register()
    other = academy.login(one.email, deviceLabel="Tablet")
    assert academy.call("DELETE", f"/v1/auth/sessions/{one.session_id}", other).status_code == 204
    assert _code_of(academy.call("GET", "/v1/auth/me", one)) == (401, "SESSION_REVOKED")
    assert academy.call("GET", "/v1/auth/me", other).status_code == 200


@pytest.mark.rule("USR-09", "USR-30", "USR-31")
def test_a_block_counts_from_the_very_next_request(academy: Academy) -> None:
    student, support = academy.register(), academy.sign_in("ADMIN_SUPPORT")
    hammer = Hammer(lambda: academy.call("GET", "/v1/auth/me", student).status_code, 8)
    hammer.wait_for("", 40)
    given = {"status": "BLOCKED", "reason": "Shared the account with a class"}
    answer = academy.call("PATCH", f"/v1/admin/users/{student.id}/status", support, json=given)
    hammer.mark("blocked")
    hammer.wait_for("blocked", 80)
    hammer.end()
    assert answer.status_code == 200
    assert set(hammer.seen["blocked"]) == {403}
    assert 200 in hammer.seen[""]


@pytest.mark.rule("AUTH-10", "AUTH-45")
def test_a_code_serves_once_and_only_its_challenge(academy: Academy) -> None:
    person, other = academy.register(), academy.register()
    academy.next_window(60)
    asked = _code(academy, person)
    verify = partial(academy.call, "POST", "/v1/auth/verify-otp")
    foreign = _code(academy, other)
    assert _code_of(verify(json={**asked, "challengeId": foreign["challengeId"]})) == (401, "OTP_INVALID")
    answers = at_once([partial(verify, json=asked)] * 2)
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    assert verify(json=asked).status_code == 401


@pytest.mark.rule("AUTH-45")
def test_six_wrong_codes_kill_the_right_one(academy: Academy) -> None:
    person = academy.register()
    academy.next_window(60)
    asked = _code(academy, person)
    wrong = "000000" if asked["code"] != "000000" else "111111"
    for _ in range(6):
        answer = academy.call("POST", "/v1/auth/verify-otp", json={**asked, "code": wrong})
        assert _code_of(answer) == (401, "OTP_INVALID")
    assert academy.call("POST", "/v1/auth/verify-otp", json=asked).status_code == 401
    academy.next_window(60)


@pytest.mark.rule("AUTH-47", "AUTH-48", "NTF-71")
def test_a_stranger_cannot_tell_who_has_an_account(academy: Academy) -> None:
    person, nobody = academy.register(), "nobody-at-all@student.example"
    academy.empty_mailbox()
    academy.next_window(3600)
    told: dict[str, list[Any]] = {person.email: [], nobody: []}
    for _ in range(6):
        for email, answers in told.items():
            answer = academy.call("POST", "/v1/auth/request-otp", json={"email": email})
            again = academy.call("POST", "/v1/auth/request-otp", json={"email": email})
            body = answer.json()
            answers.append((answer.status_code, sorted(body), body.get("code"), again.status_code))
        academy.advance(61)
    assert told[person.email] == told[nobody]
    assert [one[0] for one in told[nobody]] == [202] * 5 + [429]
    assert {one[3] for one in told[nobody]} == {429}
    assert len(academy.mails(person.email)) == 5
    assert academy.mails(nobody) == []


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _forged(academy: Academy, person: Person) -> dict[str, str]:
    """Tokens that say what the person's own says, each wrong in one way."""
    header, body, _ = person.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    kid = jwt.get_unverified_header(person.token)["kid"]
    public = academy.ok("GET", "/.well-known/jwks.json")["keys"][0]
    own = ec.generate_private_key(ec.SECP256R1())
    mac_header = _part({"alg": "HS256", "kid": kid, "typ": "at+jwt"})
    mac = hmac.new(json.dumps(public).encode(), f"{mac_header}.{body}".encode(), hashlib.sha256).digest()
    signed = partial(jwt.encode, claims, own, algorithm="ES256")
    return {
        "no algorithm": f"{_part({'alg': 'none', 'kid': kid, 'typ': 'at+jwt'})}.{body}.",
        "the public key as a secret": f"{mac_header}.{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}",
        "another stage's key": signed(headers={"kid": kid, "typ": "at+jwt"}),
        "an unknown key": signed(headers={"kid": "01AAAAAAAAAAAAAAAAAAAAAAAA", "typ": "at+jwt"}),
        "a key of its own": signed(
            headers={
                "kid": kid,
                "typ": "at+jwt",
                "jwk": json.loads(jwt.algorithms.ECAlgorithm.to_jwk(own.public_key())),
            }
        ),
        "an altered claim": f"{header}.{_part({**claims, 'ut': 'ADMIN'})}.{person.token.split('.')[2]}",
    }


@pytest.mark.rule("AUTH-50", "QUAL-33")
def test_forged_tokens_are_401(academy: Academy) -> None:
    person = academy.register()
    for why, token in _forged(academy, person).items():
        answer = academy.call("GET", "/v1/auth/me", Person(person.id, person.email, token))
        assert _code_of(answer) == (401, "TOKEN_INVALID"), why
    assert academy.call("GET", "/v1/auth/me", person).status_code == 200
    academy.advance(3_600 + 900)
    assert _code_of(academy.call("GET", "/v1/auth/me", person)) == (401, "TOKEN_EXPIRED")


def _invite(academy: Academy, by: Person, email: str, *roles: str) -> Any:
    academy.empty_mailbox()
    return academy.call("POST", "/v1/admin/invites", by, json={"email": email, "roleKeys": [*roles]})


@pytest.mark.rule("AUTH-14", "AUTH-17", "AUTH-19", "ACC-52")
def test_an_invitation_makes_one_account(academy: Academy) -> None:
    boss = academy.sign_in("ADMIN_SUPER")
    academy.next_window(60)
    email = "invited.twice@academy.example"
    assert _invite(academy, boss, email, "ADMIN_CONTENT").status_code == 201
    given = {"name": "Ila Rao", "password": STAFF_PASSWORD, "token": academy.mailed(email, r"invite\?token=([\w.~-]+)")}
    accept = partial(academy.call, "POST", "/v1/auth/accept-invite", json=given)
    assert sorted(answer.status_code for answer in at_once([accept, accept])) == [201, 401]
    email = "revoked@academy.example"
    invite = _invite(academy, boss, email, "ADMIN_CONTENT").json()
    given["token"] = academy.mailed(email, r"invite\?token=([\w.~-]+)")
    assert academy.call("DELETE", f"/v1/admin/invites/{invite['id']}", boss).status_code == 204
    assert _code_of(accept()) == (401, "INVITE_INVALID")


@pytest.mark.rule("ACC-52", "AUTH-14")
def test_nobody_invites_into_more_than_they_have(academy: Academy) -> None:
    boss = academy.sign_in("ADMIN_SUPER")
    given = {"key": "PROOF_RECRUITER", "name": "Recruiter", "userType": "ADMIN"}
    permissions = ["users.invite", "users.read"]
    academy.ok("POST", "/v1/admin/access/roles", boss, json={**given, "permissions": permissions})
    recruiter = academy.colleague("PROOF_RECRUITER")
    answer = _invite(academy, recruiter, "too.mighty@academy.example", "ADMIN_FINANCE")
    assert _code_of(answer) == (403, "WOULD_ESCALATE")
    assert academy.mails("too.mighty@academy.example") == []


@pytest.mark.rule("AUTH-56")
def test_keys_rotate_under_a_hundred_clients(academy: Academy) -> None:
    if academy.rotate_keys is None:
        pytest.skip("the keys of a local cloud that was started elsewhere are not ours")
    student = academy.register()
    hammer = Hammer(lambda: _code_of(academy.call("GET", "/v1/auth/me", student)), 100)
    hammer.wait_for("", 200)
    before = {key["kid"] for key in academy.ok("GET", "/.well-known/jwks.json")["keys"]}
    academy.rotate_keys()
    academy.advance(11 * 60)
    hammer.mark("rotated")
    fresh = academy.ok("POST", "/v1/auth/refresh", json={"refreshToken": student.refresh})
    hammer.wait_for("rotated", 400)
    hammer.end()
    assert {status for told in hammer.seen.values() for status, _ in told} == {200}
    assert jwt.get_unverified_header(fresh["accessToken"])["kid"] not in before
    assert academy.call("GET", "/v1/auth/me", academy.person(fresh, student.email)).status_code == 200


@pytest.mark.rule("AUTH-60", "AUTH-61")
def test_a_token_of_an_external_provider(academy: Academy, provider: Any) -> None:
    student = academy.register()
    asked = _code(academy, student)
    assert academy.call("POST", "/v1/auth/verify-otp", json=asked).status_code == 200
    at = int(academy.now())
    token = provider.token("subject-of-the-proof", email=student.email, iat=at, exp=at + 600)
    outsider = Person(student.id, student.email, token)
    me = academy.ok("GET", "/v1/auth/me", outsider)
    assert (me["userId"], me["email"]) == (student.id, student.email)
    support = academy.sign_in("ADMIN_SUPPORT")
    academy.advance(1)
    assert academy.call("POST", f"/v1/admin/users/{student.id}/force-logout", support, json={}).status_code == 204
    assert academy.call("GET", "/v1/auth/me", outsider).status_code == 401


@pytest.mark.rule("USR-30", "ACC-58")
def test_of_two_super_admins_who_block_each_other_one_remains(academy: Academy) -> None:
    one, two = academy.colleague("ADMIN_SUPER"), academy.colleague("ADMIN_SUPER")
    given = {"status": "BLOCKED", "reason": "Each wants to be alone"}
    block = [
        partial(academy.call, "PATCH", f"/v1/admin/users/{target.id}/status", by, json=given)
        for by, target in ((one, two), (two, one))
    ]
    statuses = [answer.status_code for answer in at_once(block)]
    assert statuses.count(200) <= 1
    boss = academy.sign_in("ADMIN_SUPER")
    states = [academy.ok("GET", f"/v1/admin/users/{person.id}", boss)["status"] for person in (one, two)]
    assert states.count("BLOCKED") == statuses.count(200)


@pytest.mark.rule("AUTH-46", "QUAL-34")
def test_no_secret_of_the_run_stands_in_table_or_log(academy: Academy) -> None:
    person = academy.register()
    academy.next_window(60)
    asked = _code(academy, person)
    tokens = academy.ok("POST", "/v1/auth/verify-otp", json=asked)
    academy.advance(61)
    reset = academy.call("POST", "/v1/auth/request-password-reset", json={"email": person.email})
    assert reset.status_code == 202
    link = academy.mailed(person.email, r"reset\?token=([\w.~-]+)")
    secrets = [PASSWORD, STAFF_PASSWORD, asked["code"], link, person.refresh, tokens["accessToken"]]
    assert _standing_in(json.dumps(_items(academy), default=repr), secrets) == []
    if academy.log is not None:
        logged = academy.log.read_text("utf-8")
        assert _standing_in(logged, secrets) == []
        assert list(leaks(line for line in logged.splitlines() if line.startswith("{"))) == []


def _standing_in(text: str, secrets: list[str]) -> list[str]:
    """Those that a text has as words of their own: six digits stand in many a number."""
    return [secret[:6] for secret in secrets if re.search(rf"(?<![\w.]){re.escape(secret)}(?!\w)", text)]


def _items(academy: Academy) -> list[dict[str, Any]]:
    table, found, start = academy.table(), [], {}
    while True:
        page = table.scan(**start)
        found.extend(page["Items"])
        if "LastEvaluatedKey" not in page:
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
