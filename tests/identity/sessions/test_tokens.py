"""Access tokens and the keys behind them (AUTH-20, AUTH-50, QUAL-33)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import jwt
import pytest

from chalicelib.identity.sessions.keys import new_key, published
from chalicelib.platform import clock
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.support.client import Client
from tests.support.people import People, Person, sign


def encoded(part: Any) -> str:
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    return (*(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, claims)), signature)  # type: ignore[return-value]


def signed_with_the_public_key(cloud: Emulator, person: Person) -> str:
    """HS256, the secret being every form in which the public key can be had."""
    header, claims, _ = parts_of(person.token)
    public = json.loads(cloud.secret("JWT_PUBLIC_KEYS"))["keys"][0]
    body = f"{encoded({**header, 'alg': 'HS256'})}.{encoded(claims)}"
    signature = hmac.new(json.dumps(public).encode(), body.encode(), hashlib.sha256).digest()
    return f"{body}.{encoded(signature)}"


def attacks(cloud: Emulator, people: People, person: Person) -> dict[str, str]:
    header, claims, signature = parts_of(person.token)
    own = json.loads(cloud.secret("JWT_KEYS"))[0]
    foreign = new_key(active_from=clock.now())

    def made(key: dict[str, Any] = own, seconds: int = 900, **changed: Any) -> str:
        return sign(key, person.id, person.session_id, person.user_type, 1, seconds, **changed)

    def headed(**changed: Any) -> str:
        key = jwt.PyJWK({**own["jwk"], "alg": "ES256"}).key
        return jwt.encode(claims, key, algorithm="ES256", headers={**header, **changed})

    return {
        "none": f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}.",
        "none with a signature": f"{encoded({**header, 'alg': 'none'})}.{encoded(claims)}.{signature}",
        "HS256 by the public key": signed_with_the_public_key(cloud, person),
        "another key, our kid": made({**foreign, "kid": own["kid"]}),
        "unknown kid": made(foreign),
        "kid as a path": headed(kid="../../etc/passwd"),
        "kid as a list": f"{encoded({**header, 'kid': ['a']})}.{encoded(claims)}.{signature}",
        "no kid": f"{encoded({'alg': 'ES256', 'typ': 'at+jwt'})}.{encoded(claims)}.{signature}",
        "embedded key": jwt.encode(
            claims,
            jwt.PyJWK({**foreign["jwk"], "alg": "ES256"}).key,
            algorithm="ES256",
            headers={
                "kid": "x",
                "typ": "at+jwt",
                "jwk": published([foreign])["keys"][0],
                "jku": "https://evil.example",
            },
        ),
        "wrong audience": made(aud="somebody-else"),
        "wrong issuer, as another stage's": made(iss="https://api.other.example"),
        "a refresh token's type": headed(typ="rt+jwt"),
        "an id token's type": headed(typ="JWT"),
        "made in the future": made(iat=clock.epoch() + 120),
        "tampered": f"{encoded(header)}.{encoded({**claims, 'sub': new_ulid()})}.{signature}",
        "without sid": made(sid=None),
        "cut": person.token[:-4],
        "empty": "a.b.c",
        "huge": person.token + "A" * 5_000,
        "a refresh token": person.refresh_token,
    }


@pytest.mark.rule("QUAL-33", "AUTH-50")
def test_attacks_on_tokens_are_refused(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    answers = {
        name: client.get("/v1/auth/me", token=token).code for name, token in attacks(cloud, people, student).items()
    }
    assert set(answers.values()) == {"TOKEN_INVALID"}, answers
    client.get("/v1/auth/me", token=student.token, expect=200)


@pytest.mark.rule("AUTH-50")
def test_expired_tokens_and_the_leeway(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    cloud.advance(920)
    client.get("/v1/auth/me", token=student.token, expect=200)
    cloud.advance(20)
    refused = client.get("/v1/auth/me", token=student.token, expect=401)
    assert refused.code == "TOKEN_EXPIRED"
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    cloud.advance(3_600)
    assert client.get("/v1/auth/me", token=student.token, expect=401).code == "TOKEN_EXPIRED"


@pytest.mark.rule("AUTH-50", "AUTH-55")
def test_the_card_has_the_last_word(client: Client, people: People) -> None:
    student = people.student()
    for changed in ({"version": 2}, {"version": 0}):
        token = people.token(student.id, student.session_id, "STUDENT", **changed)
        assert client.get("/v1/auth/me", token=token, expect=401).code == "SESSION_REVOKED"
    as_admin = people.token(student.id, student.session_id, "ADMIN")
    assert client.get("/v1/auth/me", token=as_admin, expect=401).code == "SESSION_REVOKED"
    elsewhere = people.token(student.id, new_ulid(), "STUDENT")
    assert client.get("/v1/auth/me", token=elsewhere, expect=401).code == "SESSION_REVOKED"


@pytest.mark.rule("AUTH-50")
def test_what_a_token_says(client: Client, people: People) -> None:
    admin = people.super_admin()
    body = {"email": admin.email, "password": admin.password}
    token = client.post("/v1/auth/login", json=body, expect=200).json["accessToken"]
    header, claims, _ = parts_of(token)
    assert (header["alg"], header["typ"]) == ("ES256", "at+jwt")
    assert set(claims) == {"iss", "aud", "sub", "sid", "tv", "ut", "amr", "iat", "exp", "jti"}
    assert claims["exp"] - claims["iat"] == 900


@pytest.mark.rule("AUTH-20")
def test_the_published_keys_verify_our_tokens(cloud: Emulator, client: Client, people: People) -> None:
    answer = client.get("/.well-known/jwks.json", expect=200)
    assert answer.headers["cache-control"] == "public, max-age=300"
    keys = answer.json["keys"]
    assert [set(key) for key in keys] == [{"kid", "kty", "alg", "use", "crv", "x", "y"}]
    stock = jwt.PyJWKSet.from_dict(answer.json)
    token = people.student().token
    key = stock[jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, algorithms=["ES256"], audience="pathshala", leeway=3_600)["ut"] == "STUDENT"
    again = client.get("/.well-known/jwks.json", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


@pytest.mark.rule("AUTH-20", "HTTP-62")
def test_the_keys_are_there_during_maintenance(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAINTENANCE", "true")
    client.get("/.well-known/jwks.json", expect=200)


@pytest.mark.rule("AUTH-50", "AUTH-20")
def test_a_change_of_keys_breaks_no_token(cloud: Emulator, client: Client, people: People) -> None:
    student = people.student()
    body = {"email": student.email, "password": student.password}
    now = clock.now()
    old = json.loads(cloud.secret("JWT_KEYS"))[0]
    keys = [
        {**old, "retireAt": clock.iso(now + timedelta(hours=24))},
        new_key(active_from=now + timedelta(minutes=10), algorithm="EdDSA"),
    ]
    cloud.put_secret("JWT_KEYS", json.dumps(keys))
    cloud.put_secret("JWT_PUBLIC_KEYS", json.dumps(published(keys)))

    def kid_of_a_new_token() -> tuple[str, str]:
        token = client.post("/v1/auth/login", json=body, expect=200).json["accessToken"]
        return str(jwt.get_unverified_header(token)["kid"]), token

    cloud.advance(310)
    assert kid_of_a_new_token()[0] == old["kid"]
    cloud.advance(310)
    kid, token = kid_of_a_new_token()
    assert kid == keys[1]["kid"]
    client.get("/v1/auth/me", token=token, expect=200)
    client.get("/v1/auth/me", token=student.token, expect=200)
    served = client.get("/.well-known/jwks.json", expect=200).json["keys"]
    assert [(key["alg"], "y" in key, "d" in key) for key in served] == [("ES256", True, False), ("EdDSA", False, False)]
    cloud.advance(24 * 3_600)
    lasting = people.token(student.id, student.session_id, "STUDENT", seconds=10**6)
    assert client.get("/v1/auth/me", token=lasting, expect=401).code == "TOKEN_INVALID"
    assert len(client.get("/.well-known/jwks.json", expect=200).json["keys"]) == 1
