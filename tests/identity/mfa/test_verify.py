"""Signing in with a second factor (AUTH-02, AUTH-26, AUTH-62)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib.identity.factors import MfaChallenge
from chalicelib.identity.sessions import Session
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from infra.local.emulator import Emulator
from tests.identity.mfa.conftest import App, Enrol, SignIn
from tests.identity.mfa.test_setup import audited, mails
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, just_before, round_trips

Second = Callable[..., Response]
Kinds = Callable[[], dict[str, int]]


def live(person: Person) -> set[str]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return {sid for sid, entry in plain(card.sessions).items() if entry["exp"]}


def asked(answer: Response) -> str:
    """The token of an answer that asks for the second factor, and is nothing else."""
    body: dict[str, Any] = answer.json
    assert set(body) == {"mfaRequired", "mfaToken", "methods"}
    assert (body["mfaRequired"], body["methods"]) == (True, ["totp", "recovery"])
    assert answer.cookies == ()
    return str(body["mfaToken"])


@pytest.mark.rule("AUTH-02", "AUTH-26", "AUTH-72")
def test_a_password_alone_signs_nobody_in(
    cloud: Emulator, client: Client, app: App, sign_in: SignIn, second: Second
) -> None:
    before = live(app.person)
    token = asked(sign_in(app.person, deviceLabel="Asha's phone"))
    assert live(app.person) == before
    assert token not in str(cloud.items())
    code = app.code()
    cloud.calls.clear()
    answer = second(token, code, expect=200)
    # The guess is counted beside the second read.
    waited_for = [call for call in cloud.calls.of("verify_second_factor") if call.operation != "UpdateItem"]
    assert round_trips(waited_for, counters=False) == 3
    assert len(answer.cookies) == 3
    session = store.get(Session, Session.place(app.person.id, answer.json["sessionId"]))
    assert session is not None
    assert (session.device_label, list(session.amr)) == ("Asha's phone", ["pwd", "totp"])
    me = client.get("/v1/auth/me", token=answer.json["accessToken"], expect=200).json
    assert me["amr"] == ["pwd", "totp"]
    assert second(token, app.code(), expect=401).code == "MFA_CODE_INVALID"


@pytest.mark.rule("AUTH-02", "AUTH-72")
def test_password_and_code_in_one_request(cloud: Emulator, app: App, sign_in: SignIn, people: People) -> None:
    code = app.code()
    cloud.calls.clear()
    answer = sign_in(app.person, mfaCode=code).json
    assert round_trips(cloud.calls.of("login"), counters=False) == 3
    before = live(app.person)
    assert answer["sessionId"] in before
    for wrong in (code, app.wrong()):
        assert sign_in(app.person, expect=401, mfaCode=wrong).code == "MFA_CODE_INVALID"
    assert live(app.person) == before
    # Whoever has no second factor is not held up by a code.
    assert "accessToken" in sign_in(people.student(), mfaCode="482913").json


@pytest.mark.rule("AUTH-62", "AUTH-26")
def test_a_step_is_accepted_once(cloud: Emulator, app: App, sign_in: SignIn, second: Second) -> None:
    first, other = (asked(sign_in(app.person)) for _ in range(2))
    code = app.code()
    second(first, code, expect=200)
    assert second(other, code, expect=401).code == "MFA_CODE_INVALID"
    second(other, app.code(drift=1), expect=200)
    third = asked(sign_in(app.person))
    assert second(third, app.code(drift=-1), expect=200).status == 200


@pytest.mark.rule("AUTH-62", "AUTH-26")
def test_one_code_twice_at_once_signs_in_once(app: App, sign_in: SignIn, second: Second) -> None:
    for same in (True, False):
        first = asked(sign_in(app.person))
        other = first if same else asked(sign_in(app.person))
        code, before = app.code(), live(app.person)
        answers = at_once([partial(second, token, code) for token in (first, other)])
        assert sorted(answer.status for answer in answers) == [200, 401]
        assert len(live(app.person) - before) == 1


@pytest.mark.rule("AUTH-26")
def test_five_wrong_codes_end_it(cloud: Emulator, app: App, sign_in: SignIn, second: Second) -> None:
    before = live(app.person)
    token = asked(sign_in(app.person))
    for _ in range(5):
        assert second(token, app.wrong(), expect=401).code == "MFA_CODE_INVALID"
    assert second(token, app.code(), expect=401).code == "MFA_CODE_INVALID"
    assert live(app.person) == before
    assert "accessToken" in second(asked(sign_in(app.person)), app.code(), expect=200).json


@pytest.mark.rule("AUTH-26")
def test_of_many_guesses_at_once_five_are_looked_at(
    app: App, sign_in: SignIn, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    for limit in ("AUTH", "AUTH_FAILURES", "AUTH_ADDRESS"):
        monkeypatch.setenv(f"RATE_{limit}", "off")
    token = asked(sign_in(app.person))
    answers = at_once([lambda: second(token, app.wrong())] * 12)
    assert {answer.status for answer in answers} == {401}
    challenge = store.get(MfaChallenge, MfaChallenge.place(token))
    assert challenge is not None
    assert challenge.attempts == 5
    failed = store.get_many([store.Key(f"RATE#failed-factor#{app.person.id}", "FAILED")])[0]
    assert failed is not None
    assert len(failed.times) == 5  # type: ignore[attr-defined]


@pytest.mark.rule("AUTH-26")
@pytest.mark.parametrize("how", ["late", "unknown", "signed out everywhere", "removed"])
def test_what_no_longer_waits(
    cloud: Emulator, client: Client, app: App, sign_in: SignIn, second: Second, how: str
) -> None:
    token = asked(sign_in(app.person))
    code = app.code()
    if how == "late":
        cloud.advance(300)
        code = app.code()
    elif how == "unknown":
        token = "Zk3v9Qm2Lr8Xw5Tb7Yc1Nd4Hf6Js0GaPe2Uo8Iw1Kq0"
    elif how == "signed out everywhere":
        client.post("/v1/auth/logout-all", token=app.token, expect=204)
    else:
        body = {"password": app.person.password, "code": code}
        client.delete("/v1/auth/mfa/totp", json=body, token=app.token, expect=204)
        code = app.code()
    before = live(app.person)
    assert second(token, code, expect=401).code == "MFA_CODE_INVALID"
    assert live(app.person) == before


@pytest.mark.rule("AUTH-26", "AUTH-55")
def test_a_blocked_account_gets_no_second_step(app: App, sign_in: SignIn, second: Second) -> None:
    token = asked(sign_in(app.person))
    before = live(app.person)
    store.update(AccessCard, AccessCard.place(app.person.id), [AccessCard.status.set("BLOCKED")])
    assert second(token, app.code(), expect=403).code == "ACCOUNT_BLOCKED"
    assert sign_in(app.person, expect=403).code == "ACCOUNT_BLOCKED"
    assert live(app.person) == before


@pytest.mark.rule("AUTH-26", "AUTH-60")
def test_where_an_external_provider_alone_signs_in_there_is_no_second_step(
    app: App, sign_in: SignIn, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, code, before = asked(sign_in(app.person)), app.code(), live(app.person)
    monkeypatch.setenv("AUTH_PROVIDERS", "external")
    assert second(token, code, expect=403).code == "METHOD_DISABLED"
    assert live(app.person) == before


@pytest.mark.rule("AUTH-25", "AUTH-02")
def test_a_factor_that_is_confirmed_meanwhile_is_asked_for(
    cloud: Emulator, people: People, enrol: Enrol, sign_in: SignIn
) -> None:
    """A sign-in by password that was under way gets no session beside it."""
    student = people.student()
    made: list[App] = []
    with just_before("TransactWriteItems", lambda: made.append(enrol(student))):
        asked(sign_in(student))
    assert live(student) == {student.session_id}


@pytest.mark.rule("AUTH-62", "AUTH-71")
def test_a_recovery_code_works_once(cloud: Emulator, app: App, sign_in: SignIn, second: Second) -> None:
    code = app.recovery[0]
    second(asked(sign_in(app.person)), code.lower(), expect=200)
    assert ("AUTH_MFA_CHANGED", app.person.email, "RECOVERY_USED") in mails(cloud)
    again = asked(sign_in(app.person))
    assert second(again, code, expect=401).code == "MFA_CODE_INVALID"
    answers = at_once([lambda: second(again, app.recovery[1])] * 2)
    assert sorted(answer.status for answer in answers) == [200, 401]


@pytest.mark.rule("AUTH-44", "AUTH-62")
def test_guesses_at_codes_make_the_second_step_wait(
    cloud: Emulator, client: Client, app: App, sign_in: SignIn, second: Second, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each challenge allows five; whoever has the password could begin another for ever."""
    for limit in ("AUTH", "AUTH_FAILURES", "AUTH_ADDRESS"):
        monkeypatch.setenv(f"RATE_{limit}", "off")
    right = app.code(drift=1)
    for _ in range(2):
        token = asked(sign_in(app.person))
        for _ in range(5):
            second(token, app.wrong(), expect=401)
    token, before = asked(sign_in(app.person)), live(app.person)
    refused = second(token, right, expect=429)
    assert 1 <= int(refused.headers["retry-after"]) <= 30
    assert sign_in(app.person, expect=429, mfaCode=right).code == "RATE_LIMITED"
    assert live(app.person) == before
    signals = [item for item in cloud.items() if item["kind"]["S"] == "SecuritySignal"]
    assert [(one["type"]["S"], one["user_id"]["S"]) for one in signals] == [("LOGIN_BRUTE_FORCE", app.person.id)]
    cloud.advance(30)
    second(asked(sign_in(app.person)), app.code(), expect=200)
    assert "session.revoke" not in audited(cloud)
