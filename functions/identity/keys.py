"""The public keys of access tokens, for everyone who verifies them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import SerializerFunctionWrapHandler, model_serializer

from chalicelib.platform import clock
from chalicelib.platform.access.tokens import JWT_PUBLIC_KEYS
from chalicelib.platform.http import Answer, Grant, Request, ResponseModel, api
from chalicelib.platform.http.etags import none_match

MAX_AGE = 300


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
    "/.well-known/jwks.json",
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
