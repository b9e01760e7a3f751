"""Tokens of the external provider: which are believed, and where their keys come from (AUTH-60, QUAL-33)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import jwt
import pytest

from chalicelib.platform import clock, settings
from chalicelib.platform.access.provider_keys import OIDC_ALGS, OIDC_ISSUER
from infra.local.emulator import Emulator
from tests.identity.external.provider import AUDIENCE, DISCOVERY, JWKS, Provider, new_key
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import at_once


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    first, second = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims))
    return first, second, signature


def signed_by_the_public_key(provider: Provider, token: str) -> str:
    """HS256, the secret being the published key."""
    header, claims, _ = parts(token)
    body = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(claims)}"
    secret = json.dumps(provider.keys[0].public).encode()
    return f"{body}.{encoded(hmac.new(secret, body.encode(), hashlib.sha256).digest())}"


def hostile(provider: Provider) -> dict[str, str]:
    """Tokens that are not to be believed, by what is wrong with them."""
    right = provider.token("asha")
    header, claims, signature = parts(right)
    foreign = new_key("key-1")
    pointing = {"jwk": foreign.public, "jku": f"{provider.url}/evil", "x5u": f"{provider.url}/evil", "x5c": ["AA=="]}
    now = clock.epoch()
    return {
        "none": f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}.",
        "none with a signature": f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}.{signature}",
        "HS256 by the public key": signed_by_the_public_key(provider, right),
        "another key under its kid": provider.token("asha", key=foreign),
        "another key, and where to find it": provider.token("asha", key=foreign, headers=pointing),
        "a key of its own, unknown": provider.token("asha", key=new_key("mine"), headers=pointing),
        "no kid": f"{encoded({'alg': 'RS256', 'typ': 'JWT'})}.{encoded(claims)}.{signature}",
        "kid as a path": provider.token("asha", headers={"kid": "../../../dev/null"}),
        "kid as a query": provider.token("asha", headers={"kid": "key-1' OR '1'='1"}),
        "kid as a list": f"{encoded({**header, 'kid': ['key-1']})}.{encoded(claims)}.{signature}",
        "another algorithm of the family": provider.token("asha", headers={"alg": "PS256"}),
        "critical extensions": provider.token("asha", headers={"crit": ["exp"]}),
        "a logout token": provider.token("asha", headers={"typ": "logout+jwt"}),
        "another audience": provider.token("asha", aud="somebody-else"),
        "several others": provider.token("asha", aud=["a", "b"]),
        "no audience": provider.token("asha", aud=None),
        "another client's": provider.token("asha", aud=None, client_id="other"),
        "another issuer": provider.token("asha", iss="https://accounts.example"),
        "an issuer that looks alike": provider.token("asha", iss=provider.url + "/"),
        "our issuer": provider.token("asha", iss="pathshala-local"),
        "no issuer": provider.token("asha", iss=None),
        "an issuer that is a list": f"{encoded(header)}.{encoded({**claims, 'iss': [provider.url]})}.{signature}",
        "no subject": provider.token("asha", sub=None),
        "an empty subject": provider.token(""),
        "a huge subject": provider.token("a" * 256),
        "a subject that is no text": provider.token("asha", sub="\ud800", sid="one"),
        "a session that is no text": provider.token("asha", sid="\ud800"),
        "times that are none": provider.token("asha", auth_time="yesterday"),
        "a time without end": provider.token("asha", iat=float("inf")),
        "no end": provider.token("asha", exp=None),
        "no beginning": provider.token("asha", iat=None),
        "an end that is no number": f"{encoded(header)}.{encoded({**claims, 'exp': 'soon'})}.{signature}",
        "made in the future": provider.token("asha", iat=now + 120),
        "not yet": provider.token("asha", nbf=now + 120),
        "tampered": f"{encoded(header)}.{encoded({**claims, 'sub': 'boss'})}.{signature}",
        "cut": right[:-4],
        "huge": provider.token("asha", padding="A" * 9_000),
        "nested": f"{encoded(header)}.{encoded(b'[' * 4_000)}.{signature}",
        "empty": "a.b.c",
    }


@pytest.mark.rule("QUAL-33", "AUTH-60", "AUTH-50")
def test_hostile_tokens_are_refused(
    client: Client, provider: Provider, kinds: Callable[[], dict[str, int]], cloud: Emulator
) -> None:
    answers = {name: client.get("/v1/auth/me", token=token) for name, token in hostile(provider).items()}
    wrong = {name: (one.status, one.code) for name, one in answers.items() if one.code != "TOKEN_INVALID"}
    assert wrong == {}
    assert kinds() == {}
    assert set(provider.asked) <= {DISCOVERY, JWKS}
    expired = provider.token("asha", seconds=-3_600, iat=clock.epoch() - 7_200)
    assert client.get("/v1/auth/me", token=expired, expect=401).code == "TOKEN_EXPIRED"
    client.get("/v1/auth/me", token=provider.token("asha"), expect=200)
    cloud.advance(320)
    client.get("/v1/auth/me", token=provider.token("asha", seconds=-20), expect=200)


@pytest.mark.rule("AUTH-60")
@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_three_algorithms(
    cloud: Emulator, client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch, algorithm: str
) -> None:
    provider.rotate(algorithm, keep=False)
    client.get("/v1/auth/me", token=provider.token("asha", aud=["other", AUDIENCE]), expect=200)
    client.get("/v1/auth/me", token=provider.token("asha", aud=None, client_id=AUDIENCE), expect=200)
    others = ",".join(one for one in ("RS256", "ES256", "EdDSA") if one != algorithm)
    monkeypatch.setenv("OIDC_ALGS", others)
    cloud.advance(601)
    assert client.get("/v1/auth/me", token=provider.token("asha"), expect=401).code == "TOKEN_INVALID"


@pytest.mark.rule("AUTH-60")
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_short_and_foreign_keys_are_passed_over(client: Client, provider: Provider) -> None:
    short = new_key("short", bits=1_024)
    encrypting = new_key("enc")
    encrypting.public["use"] = "enc"
    provider.keys = [new_key("key-1"), short, encrypting]
    odd = [{"kty": "oct", "kid": "oct", "k": "c2VjcmV0"}, {"kty": "RSA", "kid": "broken", "n": "!"}, {}, "text"]
    published = [key.public for key in provider.keys]
    answers = {DISCOVERY: {"issuer": provider.url, "jwks_uri": provider.url + JWKS}, JWKS: {"keys": [*odd, *published]}}
    provider.answer = lambda path: (200, answers[path])  # type: ignore[method-assign]
    for key in (short, encrypting):
        assert client.get("/v1/auth/me", token=provider.token("asha", key=key), expect=401).code == "TOKEN_INVALID"
    secret = jwt.encode(
        {"iss": provider.url, "sub": "asha", "aud": AUDIENCE}, "secret" * 8, algorithm="HS256", headers={"kid": "oct"}
    )
    assert client.get("/v1/auth/me", token=secret, expect=401).code == "TOKEN_INVALID"
    client.get("/v1/auth/me", token=provider.token("asha", key=provider.keys[0]), expect=200)


@pytest.mark.rule("AUTH-60")
def test_each_issuer_has_its_own_verifier(
    client: Client, provider: Provider, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = people.student()
    client.get("/v1/auth/me", token=student.token, expect=200)
    assert provider.asked == []
    theirs = provider.token("asha")
    monkeypatch.setenv("AUTH_PROVIDERS", "local")
    assert client.get("/v1/auth/me", token=theirs, expect=401).code == "TOKEN_INVALID"
    assert provider.asked == []
    monkeypatch.setenv("AUTH_PROVIDERS", "external")
    client.get("/v1/auth/me", token=theirs, expect=200)
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "TOKEN_INVALID"


@pytest.mark.rule("AUTH-60")
def test_keys_are_kept_ten_minutes_and_asked_for_once_a_minute(
    cloud: Emulator, client: Client, provider: Provider
) -> None:
    for _ in range(3):
        client.get("/v1/auth/me", token=provider.token("asha"), expect=200)
    assert provider.asked == [DISCOVERY, JWKS]
    provider.rotate("ES256")
    assert client.get("/v1/auth/me", token=provider.token("asha"), expect=401).code == "TOKEN_INVALID"
    assert len(provider.asked) == 2
    cloud.advance(61)
    client.get("/v1/auth/me", token=provider.token("asha"), expect=200)
    assert len(provider.asked) == 4
    cloud.advance(61)
    for _ in range(5):
        stranger = provider.token("asha", key=new_key("unknown"))
        assert client.get("/v1/auth/me", token=stranger, expect=401).code == "TOKEN_INVALID"
    assert len(provider.asked) == 6
    cloud.advance(600)
    client.get("/v1/auth/me", token=provider.token("asha"), expect=200)
    assert len(provider.asked) == 8


@pytest.mark.rule("AUTH-60")
def test_a_silent_provider(cloud: Emulator, client: Client, provider: Provider) -> None:
    provider.down = True
    refused = client.get("/v1/auth/me", token=provider.token("asha"), expect=503)
    assert (refused.code, refused.headers["retry-after"]) == ("UNAVAILABLE", "1")
    client.get("/v1/auth/me", token=provider.token("asha"), expect=503)
    assert len(provider.asked) == 1
    provider.down = False
    cloud.advance(61)
    client.get("/v1/auth/me", token=provider.token("asha"), expect=200)
    provider.down = True
    cloud.advance(3_600)
    # Known keys go on being used, and only a key that nobody knows waits for the provider.
    client.get("/v1/auth/me", token=provider.token("asha"), expect=200)
    client.get("/v1/auth/me", token=provider.token("asha", key=new_key("new")), expect=503)


@pytest.mark.rule("AUTH-60")
@pytest.mark.parametrize(
    "overrides",
    [{"issuer": "https://other.example"}, {"jwks_uri": None}, {"jwks_uri": "file:///etc/passwd"}, {"jwks_uri": 7}],
)
def test_a_discovery_document_that_is_not_its_own(
    client: Client, provider: Provider, overrides: dict[str, Any]
) -> None:
    provider.overrides = overrides
    client.get("/v1/auth/me", token=provider.token("asha"), expect=503)
    assert provider.asked == [DISCOVERY]


@pytest.mark.rule("AUTH-60")
def test_a_given_address_of_keys_needs_no_discovery(
    client: Client, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OIDC_JWKS_URL", provider.url + JWKS)
    client.get("/v1/auth/me", token=provider.token("asha"), expect=200)
    assert provider.asked == [JWKS]
    monkeypatch.setenv("OIDC_JWKS_URL", provider.url + "/nothing")
    client.get("/v1/auth/me", token=provider.token("asha"), expect=503)


@pytest.mark.rule("AUTH-60")
def test_outside_a_laptop_the_provider_is_asked_by_https_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.setenv("OIDC_ISSUER", "http://idp.academy.in")
    with pytest.raises(settings.BadSetting, match="OIDC_ISSUER"):
        OIDC_ISSUER()
    monkeypatch.setenv("OIDC_ISSUER", "https://idp.academy.in")
    assert OIDC_ISSUER() == "https://idp.academy.in"
    for raw in ("HS256", "none", "RS256,HS256", ""):
        monkeypatch.setenv("OIDC_ALGS", raw)
        with pytest.raises(settings.BadSetting, match="OIDC_ALGS"):
            OIDC_ALGS()


@pytest.mark.rule("AUTH-60")
def test_nobody_notices_that_the_provider_changes_its_keys(cloud: Emulator, client: Client, provider: Provider) -> None:
    """Published before they sign, as providers do."""
    clients = 12
    for round_ in range(6):
        upcoming = new_key(f"round-{round_}", "ES256")
        signing = provider.keys[-1]
        provider.keys = [upcoming, *provider.keys[-2:]]
        cloud.advance(601)

        for key in (signing, upcoming):
            tokens = [provider.token(f"s{number}", key=key) for number in range(clients)]
            calls = [partial(client.get, "/v1/auth/me", token=token) for token in tokens]
            assert {answer.status for answer in at_once(calls)} == {200}
        provider.keys = [*provider.keys[1:], upcoming]


@pytest.mark.rule("AUTH-60")
def test_sessions_at_the_provider_are_told_apart(client: Client, provider: Provider) -> None:
    def session(**claims: Any) -> str:
        answer = client.get("/v1/auth/me", token=provider.token("asha", **claims), expect=200)
        return str(answer.json["sessionId"])

    assert session(sid="one") == session(sid="one", jti="x") != session(sid="two")
    assert session() == session(jti="y") not in {session(sid="one"), session(sid="two")}
    assert "one" not in session(sid="one")
