"""Waiting after ten failures (AUTH-44), and mails to the owner (AUTH-34, AUTH-44)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.accounts import KnownDevice
from chalicelib.identity.sessions import waiting
from chalicelib.identity.sessions.items import FailedProofs
from chalicelib.identity.sessions.waiting import Standing, after_failure
from chalicelib.platform import store
from infra.local.emulator import Emulator
from tests.identity.credentials.conftest import Post
from tests.identity.mfa.conftest import Enrol, enrol
from tests.support.client import Client, Response
from tests.support.people import People
from tests.support.races import at_once

__all__ = ["enrol"]

SignIn = Callable[..., Response]
WRONG = "not the password"
SLACK = 15
"""Seconds that a slow machine may take for a few sign-ins."""


@pytest.fixture
def sign_in(client: Client, monkeypatch: pytest.MonkeyPatch) -> SignIn:
    """Signing in without the limits of a minute."""
    for limit in ("AUTH", "AUTH_FAILURES", "AUTH_ADDRESS"):
        monkeypatch.setenv(f"RATE_{limit}", "off")

    def call(email: str, password: str, expect: int | None = None, agent: str = "pathshala-tests/1.0") -> Response:
        body = {"email": email, "password": password}
        return client.post("/v1/auth/login", json=body, expect=expect, headers={"User-Agent": agent})

    return call


def of_kind(cloud: Emulator, kind: str) -> list[dict[str, Any]]:
    return [item for item in cloud.items() if item["kind"]["S"] == kind]


def mails(cloud: Emulator) -> list[tuple[str, str]]:
    return sorted((one["template_key"]["S"], one["to"]["S"]) for one in of_kind(cloud, "Message"))


@pytest.mark.rule("AUTH-44")
def test_after_ten_failures_every_attempt_waits_twice_as_long(
    cloud: Emulator, client: Client, people: People, sign_in: SignIn
) -> None:
    student = people.student()
    for _ in range(10):
        sign_in(student.email, WRONG, expect=401)
    for wait in (30, 60, 120, 240, 480, 900, 900):
        for password in (WRONG, student.password):
            refused = sign_in(student.email, password, expect=429)
            assert refused.code == "RATE_LIMITED"
            # Signing in takes real time too.
            assert wait - SLACK <= int(refused.headers["retry-after"]) <= wait
        cloud.advance(wait - SLACK)
        sign_in(student.email, student.password, expect=429)
        cloud.advance(SLACK)
        sign_in(student.email, WRONG, expect=401)
    sign_in(student.email, student.password, expect=429)
    client.get("/v1/auth/me", token=people.student().token, expect=200)
    cloud.advance(900)
    sign_in(student.email, student.password, expect=200)
    cloud.advance(901)
    for _ in range(9):
        sign_in(student.email, WRONG, expect=401)
    sign_in(student.email, student.password, expect=200)


@pytest.mark.rule("AUTH-44")
@pytest.mark.parametrize("with_factor", [False, True])
def test_a_code_by_mail_and_a_reset_stay_possible(
    cloud: Emulator, client: Client, people: People, sign_in: SignIn, enrol: Enrol, with_factor: bool
) -> None:
    """Nobody is locked out for good: neither the first step nor the second waits because of wrong passwords."""
    student, post = people.student(), Post(cloud)
    app = enrol(student) if with_factor else None
    for _ in range(10):
        sign_in(student.email, WRONG, expect=401)
    sign_in(student.email, student.password, expect=429)
    challenge = client.post("/v1/auth/request-otp", json={"email": student.email}, expect=202).json["challengeId"]
    given = {"email": student.email, "challengeId": challenge, "code": post.code(student.email)}
    begun = client.post("/v1/auth/verify-otp", json=given, expect=200).json
    if app is not None:
        brought = {"mfaToken": begun["mfaToken"], "code": app.code(drift=1)}
        begun = client.post("/v1/auth/mfa/verify", json=brought, expect=200).json
    client.get("/v1/auth/me", token=begun["accessToken"], expect=200)
    client.post("/v1/auth/request-password-reset", json={"email": student.email}, expect=202)
    wish = {"token": post.link_token(student.email), "newPassword": "seven lilacs over Jaipur"}
    client.post("/v1/auth/reset-password", json=wish, expect=204)


@pytest.mark.rule("AUTH-44")
def test_nine_within_any_quarter_of_an_hour_hold_nobody_up(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    student, other = people.student(), people.student()
    for _ in range(3):
        for _ in range(9):
            sign_in(student.email, WRONG, expect=401)
        sign_in(student.email, student.password, expect=200)
        cloud.advance(901)
    for turn in range(10):
        cloud.advance(0 if turn == 0 else 99)
        sign_in(student.email, WRONG, expect=401)
    sign_in(student.email, student.password, expect=429)
    sign_in(other.email, other.password, expect=200)


@pytest.mark.rule("AUTH-44", "AUTH-02")
def test_unknown_addresses_wait_alike_and_nothing_is_sent_to_them(
    cloud: Emulator, people: People, sign_in: SignIn
) -> None:
    student = people.student()
    seen = []
    for email in (student.email, "nobody@example.in"):
        cloud.calls.clear()
        for _ in range(10):
            sign_in(email, WRONG, expect=401)
        sign_in(email, WRONG, expect=429)
        seen.append(sorted(call.operation for call in cloud.calls.of("login") if call.service == "dynamodb"))
    assert seen[0] == seen[1]
    assert mails(cloud) == [("AUTH_LOGIN_ATTACK", student.email)]
    signals = of_kind(cloud, "SecuritySignal")
    assert [(one["type"]["S"], one["severity"]["S"]) for one in signals] == [("LOGIN_BRUTE_FORCE", "MEDIUM")] * 2
    assert sorted(one.get("user_id", {}).get("S", "") for one in signals) == ["", student.id]
    counted = [item["pk"]["S"] for item in of_kind(cloud, "FailedProofs")]
    assert len(counted) == 2
    assert not [pk for pk in counted if "@" in pk or student.id in pk]


@pytest.mark.rule("AUTH-44")
def test_the_owner_hears_of_it_once_a_day(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    student = people.student()
    for _ in range(2):
        for _ in range(10):
            sign_in(student.email, WRONG, expect=401)
        cloud.advance(931)
    assert mails(cloud) == [("AUTH_LOGIN_ATTACK", student.email)]
    cloud.advance(86_400)
    for _ in range(10):
        sign_in(student.email, WRONG, expect=401)
    assert mails(cloud) == [("AUTH_LOGIN_ATTACK", student.email)] * 2


@pytest.mark.rule("AUTH-44")
def test_failures_at_the_same_moment_all_count(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    student = people.student()
    answers = at_once([lambda: sign_in(student.email, WRONG)] * 10)
    assert [answer.status for answer in answers] == [401] * 10
    sign_in(student.email, student.password, expect=429)
    assert len(of_kind(cloud, "SecuritySignal")) == 1
    item = next(iter(of_kind(cloud, "FailedProofs")))
    assert len(item["times"]["L"]) == 10
    assert int(item["waits"]["N"]) == 1


@pytest.mark.rule("AUTH-44", "HTTP-44")
def test_a_failure_that_cannot_be_counted_is_no_free_guess(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    student = people.student()
    cloud.fault("dynamodb", "PutItem", "InternalServerError", times=100)
    assert sign_in(student.email, WRONG, expect=503).code == "UNAVAILABLE"
    cloud.faults.clear()
    assert of_kind(cloud, "FailedProofs") == []


@pytest.mark.rule("AUTH-44")
@given(st.lists(st.integers(0, 400), max_size=60))
def test_whoever_waits_as_told_never_guesses_faster_than_the_rule(gaps: list[int]) -> None:
    """However the failures fall: at most ten in any 15 minutes without a wait, and a wait is 30 s to 15 min."""
    now, standing, failures = 1_000_000, Standing(), []
    for gap in gaps:
        now = max(now + gap, standing.wait_until)
        standing = after_failure(standing, now)
        failures.append(now)
        recent = [at for at in failures if at > now - waiting.WINDOW_SECONDS]
        left = standing.wait_until - now
        assert left <= 0 or 30 <= left <= 900
        assert len(recent) < waiting.FAILURES or left >= 30
        assert len(standing.times) <= waiting.FAILURES


@pytest.mark.rule("AUTH-44")
def test_what_was_under_way_when_the_wait_began_prolongs_nothing() -> None:
    waits = Standing((1,) * 9, 1, 130)
    assert after_failure(waits, 100).wait_until == 130
    assert after_failure(waits, 130) == Standing((*(1,) * 9, 130), 2, 190)
    assert after_failure(waits, 130 + waiting.WINDOW_SECONDS).waits == 0


@pytest.mark.rule("AUTH-34")
def test_a_new_device_is_told_of_once_a_day(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    student = people.student()
    sign_in(student.email, student.password, expect=200, agent="Mozilla/5.0 (Android) Firefox/120")
    assert mails(cloud) == []
    sign_in(student.email, student.password, expect=200, agent="Mozilla/5.0 (Windows) Chrome/120")
    assert mails(cloud) == [("AUTH_NEW_DEVICE", student.email)]
    mail = of_kind(cloud, "Message")[0]
    assert mail["payload"]["M"]["device"]["S"] == "Chrome on Windows"
    for agent in ("Mozilla/5.0 (Windows) Chrome/120", "Mozilla/5.0 (Android) Firefox/120"):
        sign_in(student.email, student.password, expect=200, agent=agent)
    assert len(mails(cloud)) == 1
    sign_in(student.email, WRONG, expect=401, agent="thief/1")
    assert len(mails(cloud)) == 1


@pytest.mark.rule("AUTH-34")
def test_a_mail_that_was_put_before_holds_nobody_up(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    student = people.student()
    for agent in ("first/1", "second/1"):
        sign_in(student.email, student.password, expect=200, agent=agent)
    # Forgotten, as the oldest of twenty would be.
    place = KnownDevice.place(student.id)
    store.put(KnownDevice(*place, user_id=student.id, devices={"0" * 32: 1}))
    sign_in(student.email, student.password, expect=200, agent="second/1")
    assert mails(cloud) == [("AUTH_NEW_DEVICE", student.email)]
    store.put(KnownDevice(*place, user_id=student.id, devices={"0" * 32: 1}))
    answers = at_once([lambda: sign_in(student.email, student.password, agent="third/1")] * 2)
    assert [answer.status for answer in answers] == [200, 200]
    assert mails(cloud) == [("AUTH_NEW_DEVICE", student.email)] * 2
    cloud.advance(86_400)
    store.put(KnownDevice(*place, user_id=student.id, devices={"0" * 32: 1}))
    sign_in(student.email, student.password, expect=200, agent="second/1")
    assert len(mails(cloud)) == 3


@pytest.mark.rule("AUTH-44")
def test_the_item_of_failures_goes_by_itself(cloud: Emulator, people: People, sign_in: SignIn) -> None:
    sign_in(people.student().email, WRONG, expect=401)
    item = of_kind(cloud, "FailedProofs")[0]
    found = store.get(FailedProofs, store.Key(item["pk"]["S"], item["sk"]["S"]))
    assert found is not None
    assert int(found.ttl) == int(found.times[-1]) + waiting.KEPT_SECONDS
