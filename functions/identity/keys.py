"""The public keys of access tokens, for everyone who verifies them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from chalicelib.platform import clock
from chalicelib.platform.access.tokens import ALGORITHMS, AUTH_ISSUER, JWT_PUBLIC_KEYS
from chalicelib.platform.http import Answer, Grant, Request, ResponseModel, api
from chalicelib.platform.http.etags import none_match

MAX_AGE = 300
JWKS = "/.well-known/jwks.json"


class Jwk(ResponseModel):
    """A public key (RFC 7517); ``y`` only for the curve P-256."""

    kid: str
    kty: str
    alg: str
    use: str
    crv: str
    x: str
    y: str | None = None

    @model_serializer(mode="wrap")
    def _without_null(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        members: dict[str, Any] = handler(self)
        return {name: value for name, value in members.items() if value is not None}


class JwkSet(ResponseModel):
    """A JWK set."""

    keys: list[Jwk]


@api.get(
    JWKS,
    public=True,
    also=(304,),
    in_maintenance=True,
    grants=[Grant.SECRET_TOKENS_VERIFY],
)
def jwks(request: Request) -> Answer[JwkSet | None]:
    """The keys that access tokens are signed with now, or were until recently."""
    now = clock.now()
    published = json.loads(JWT_PUBLIC_KEYS.recent(MAX_AGE))["keys"]
    current = [key for key in published if not key.get("retireAt") or clock.parse_iso(key["retireAt"]) > now]
    body = JwkSet(keys=[Jwk(**{name: key[name] for name in key if name != "retireAt"}) for key in current])
    etag = f'"{hashlib.sha256(body.model_dump_json().encode()).hexdigest()[:32]}"'
    headers = {"Cache-Control": f"public, max-age={MAX_AGE}", "ETag": etag}
    if none_match(request.headers.get("if-none-match"), etag):
        return Answer(None, status=304, headers=headers)
    return Answer(body, headers=headers)


class OpenIdConfiguration(ResponseModel):
    """What OpenID Connect discovery asks of an issuer, in its own spelling; we issue no identity tokens to others."""

    issuer: str
    jwks_uri: str = Field(alias="jwks_uri")
    response_types_supported: list[str] = Field(alias="response_types_supported")
    subject_types_supported: list[str] = Field(alias="subject_types_supported")
    id_token_signing_alg_values_supported: list[str] = Field(alias="id_token_signing_alg_values_supported")


@api.get("/.well-known/openid-configuration", public=True, in_maintenance=True)
def openid_configuration() -> Answer[OpenIdConfiguration]:
    """Where the keys of access tokens are, so that other services verify them with stock libraries.

    Access tokens have the type `at+jwt`, and the academy's own `aud`.
    """
    issuer = AUTH_ISSUER()
    found = OpenIdConfiguration(
        issuer=issuer,
        jwks_uri=issuer.rstrip("/") + JWKS if "://" in issuer else JWKS,
        response_types_supported=["token"],
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=list(ALGORITHMS),
    )
    return Answer(found, headers={"Cache-Control": f"public, max-age={MAX_AGE}"})
