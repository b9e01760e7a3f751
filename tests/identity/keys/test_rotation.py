"""Rotation of the signing keys (AUTH-56), and discovery of their public halves (AUTH-21)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import jwt
import pytest

from chalicelib.identity.sessions.keys import FORGOTTEN_AFTER, new_key, published, rotated
from chalicelib.platform import clock
from chalicelib.platform.aws import clients
from chalicelib.platform.secrets import parameter_name
from infra.local.emulator import Emulator
from infra.package.key_rotation import rotate
from infra.package.wheels import PackagingFailed
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import at_once

MINUTES = 60
HOURS = 3_600


def kids(name: str) -> list[str]:
    """The key ids that a parameter holds."""
    found = json.loads(
        clients.ssm().get_parameter(Name=parameter_name(name), WithDecryption=True)["Parameter"]["Value"]
    )
    return [one["kid"] for one in (found["keys"] if isinstance(found, dict) else found)]


@pytest.mark.rule("AUTH-56")
@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_rotation_adds_a_key_and_ends_the_others(algorithm: str) -> None:
    now = clock.now()
    old = new_key(active_from=now - timedelta(days=30), algorithm=algorithm)
    ended = {**new_key(active_from=now - timedelta(days=60)), "retireAt": clock.iso(now - timedelta(days=1))}
    forgotten = {**ended, "retireAt": clock.iso(now - FORGOTTEN_AFTER)}
    entries = rotated([forgotten, ended, old], lifetime=900)
    assert [one["kid"] for one in entries[:2]] == [ended["kid"], old["kid"]]
    assert entries[0] == ended
    added, retired = entries[2], clock.parse_iso(entries[1]["retireAt"])
    assert added["alg"] == algorithm
    assert abs(clock.parse_iso(added["activeFrom"]) - now - timedelta(minutes=10)) < timedelta(seconds=5)
    assert abs(retired - now - timedelta(hours=24)) < timedelta(seconds=5)
    again = rotated(entries, lifetime=900)
    assert again[1]["retireAt"] == entries[1]["retireAt"]
    assert again[2]["retireAt"] is not None
    long_lived = clock.parse_iso(rotated([old], lifetime=24 * HOURS)[0]["retireAt"])
    assert long_lived - now > timedelta(hours=24, minutes=10)
    assert not any("d" in one for one in published(entries)["keys"])


@pytest.mark.rule("AUTH-56")
def test_what_verifies_is_written_before_what_signs(cloud: Emulator) -> None:
    with cloud.calls.during() as calls:
        done = rotate(clients.ssm(), "test")
    written = [call.target.resources[0].rpartition("/")[2] for call in calls if call.operation == "PutParameter"]
    assert written == ["JWT_PUBLIC_KEYS", "JWT_KEYS"]
    assert kids("JWT_PUBLIC_KEYS") == kids("JWT_KEYS")
    told = "\n".join(done.lines())
    assert all(kid in told for kid in kids("JWT_KEYS"))
    assert not any(one["jwk"]["d"] in told for one in json.loads(done.private))


@pytest.mark.rule("AUTH-56")
def test_a_rotation_that_died_half_way_harms_nothing(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    before = kids("JWT_KEYS")
    cloud.fault("ssm", "PutParameter", "InternalServerError", skip=1, times=10)
    with pytest.raises(Exception, match="InternalServerError"):
        rotate(clients.ssm(), "test")
    assert kids("JWT_KEYS") == before
    client.get("/v1/auth/me", token=student.token, expect=200)


@pytest.mark.rule("AUTH-56")
def test_two_rotations_at_once_leave_keys_that_fit(cloud: Emulator) -> None:
    for _ in range(3):
        at_once([lambda: rotate(clients.ssm(), "test")] * 2)
        assert set(kids("JWT_KEYS")) <= set(kids("JWT_PUBLIC_KEYS"))


@pytest.mark.rule("AUTH-56")
def test_a_stage_without_keys_or_with_too_many_is_named(cloud: Emulator) -> None:
    with pytest.raises(PackagingFailed, match="/pathshala/elsewhere/JWT_KEYS is missing"):
        rotate(clients.ssm(), "elsewhere")
    many = [new_key(active_from=clock.now()) for _ in range(12)]
    cloud.put_secret("JWT_KEYS", json.dumps(many))
    cloud.put_secret("JWT_PUBLIC_KEYS", json.dumps(published(many)))
    with pytest.raises(PackagingFailed, match="more keys than a parameter holds"):
        rotate(clients.ssm(), "test")
    assert kids("JWT_PUBLIC_KEYS") == kids("JWT_KEYS")


class Phone:
    """Somebody's app: calls, and refreshes when it is told that its token has expired; nothing else."""

    def __init__(self, client: Client, person: Person) -> None:
        self._client = client
        self.token, self._refresh = person.token, person.refresh_token
        self.refused: list[str | None] = []

    def call(self) -> None:
        answer = self._client.get("/v1/auth/me", token=self.token)
        if answer.code == "TOKEN_EXPIRED":
            tokens = self._client.post("/v1/auth/refresh", json={"refreshToken": self._refresh}, expect=200).json
            self.token, self._refresh = tokens["accessToken"], tokens["refreshToken"]
        elif answer.status != 200:
            self.refused.append(answer.code)


@pytest.mark.rule("AUTH-56")
def test_nobody_notices_rotations_while_they_call(cloud: Emulator, client: Client, people: People) -> None:
    """Twenty phones call all the time, for a day and a half with three rotations in it."""
    phones = [Phone(client, people.student()) for _ in range(20)]
    signed_by: set[str] = set()
    happening: list[Callable[[], Any]] = [
        lambda: rotate(clients.ssm(), "test"),
        *[lambda: cloud.advance(2 * MINUTES)] * 8,
        lambda: rotate(clients.ssm(), "test"),
        *[lambda: cloud.advance(7 * MINUTES)] * 4,
        lambda: cloud.advance(23 * HOURS),
        lambda: rotate(clients.ssm(), "test"),
        *[lambda: cloud.advance(6 * MINUTES)] * 4,
        lambda: cloud.advance(12 * HOURS),
    ]
    for happens in happening:
        at_once([happens, *[phone.call for phone in phones]])
        at_once([phone.call for phone in phones])
        signed_by |= {jwt.get_unverified_header(phone.token)["kid"] for phone in phones}
    assert [phone.refused for phone in phones] == [[]] * 20
    assert len(signed_by) == 4


@pytest.mark.rule("AUTH-56")
def test_a_phone_that_slept_through_its_keys_end_may_refresh(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    rotate(clients.ssm(), "test")
    cloud.advance(30 * HOURS)
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "TOKEN_EXPIRED"
    tokens = client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=200).json
    client.get("/v1/auth/me", token=tokens["accessToken"], expect=200)
    rotate(clients.ssm(), "test")
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "TOKEN_EXPIRED"
    # The same key no longer lets anybody in.
    lasting = people.token(student.id, student.session_id, "STUDENT", seconds=10**6)
    assert client.get("/v1/auth/me", token=lasting, expect=401).code == "TOKEN_INVALID"


@pytest.mark.rule("AUTH-56")
def test_unknown_keys_are_asked_for_once_a_minute(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    client.get("/v1/auth/me", token=student.token, expect=200)
    foreign = jwt.encode({}, "x" * 32, algorithm="HS256", headers={"kid": "unknown", "typ": "at+jwt"})
    cloud.advance(61)
    with cloud.calls.during() as calls:
        for _ in range(10):
            assert client.get("/v1/auth/me", token=foreign, expect=401).code == "TOKEN_INVALID"
    assert [call.operation for call in calls if call.service == "ssm"] == ["GetParameter"]


@pytest.mark.rule("AUTH-21")
def test_discovery_leads_to_the_keys(client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    assert client.get("/.well-known/openid-configuration", expect=200).json["jwks_uri"] == "/.well-known/jwks.json"
    monkeypatch.setenv("AUTH_ISSUER", "https://api.academy.in")
    answer = client.get("/.well-known/openid-configuration", expect=200)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert (answer.json["issuer"], answer.json["jwks_uri"]) == (
        "https://api.academy.in",
        "https://api.academy.in/.well-known/jwks.json",
    )
    token = people.student().token
    keys = jwt.PyJWKSet.from_dict(client.get(answer.json["jwks_uri"].removeprefix("https://api.academy.in")).json)
    header = jwt.get_unverified_header(token)
    assert header["alg"] in answer.json["id_token_signing_alg_values_supported"]
    claims = jwt.decode(
        token,
        keys[header["kid"]],
        algorithms=[header["alg"]],
        audience="pathshala",
        issuer=answer.json["issuer"],
        leeway=3_600,
    )
    assert claims["ut"] == "STUDENT"
    monkeypatch.setenv("MAINTENANCE", "true")
    client.get("/.well-known/openid-configuration", expect=200)
