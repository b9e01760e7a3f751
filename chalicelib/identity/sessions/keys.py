"""The keys that sign access tokens (AUTH-56).

``JWT_KEYS`` is a JSON list of ``{kid, alg, jwk, activeFrom, retireAt}``: ``jwk`` the private key, the instants in
ISO 8601, ``retireAt`` null while no end is set. ``JWT_PUBLIC_KEYS`` is what ``published`` makes of it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.access.claims import LEEWAY_SECONDS
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.records import frozen
from chalicelib.platform.secrets import secret

JWT_KEYS = secret("JWT_KEYS")

REREAD_SECONDS = 300
"""How long a container keeps a key list: shorter than the 10 minutes after which an added key becomes active."""


ACTIVE_AFTER = timedelta(minutes=10)
"""After which an added key signs: by then every container that verifies can have heard of it."""

RETIRED_AFTER = timedelta(hours=24)
"""After which the key before it verifies nothing any more; never before its last token has expired."""


FORGOTTEN_AFTER = timedelta(days=7)
"""How long an ended key is known yet, so that whoever comes with its last token is told that it expired."""


@frozen
class SigningKey:
    """A key that may sign from ``active_from`` until ``retire_at``."""

    kid: str
    algorithm: str
    key: Any
    active_from: datetime
    retire_at: datetime | None

    def is_active(self, now: datetime) -> bool:
        return self.active_from <= now and (self.retire_at is None or now < self.retire_at)


_lock = threading.Lock()
_parsed: tuple[str, list[SigningKey]] | None = None


def _read(document: str) -> list[SigningKey]:
    global _parsed
    from jwt import PyJWK

    with _lock:
        if _parsed is None or _parsed[0] != document:
            keys = [
                SigningKey(
                    kid=one["kid"],
                    algorithm=one["alg"],
                    key=PyJWK({**one["jwk"], "alg": one["alg"]}).key,
                    active_from=clock.parse_iso(one["activeFrom"]),
                    retire_at=clock.parse_iso(one["retireAt"]) if one.get("retireAt") else None,
                )
                for one in json.loads(document)
            ]
            _parsed = (document, keys)
        return _parsed[1]


def signing_key() -> SigningKey:
    """The newest active key. ``Unavailable`` when there is none, which alarms through the 5xx it causes."""
    now = clock.now()
    active = [key for key in _read(JWT_KEYS.recent(REREAD_SECONDS)) if key.is_active(now)]
    if not active:
        raise Unavailable
    return max(active, key=lambda key: key.active_from)


def new_key(*, active_from: datetime, algorithm: str = "ES256") -> dict[str, Any]:
    """A fresh entry of ``JWT_KEYS``."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from jwt.algorithms import ECAlgorithm, OKPAlgorithm

    if algorithm == "ES256":
        jwk = ECAlgorithm.to_jwk(generate_private_key(SECP256R1()), as_dict=True)
    else:
        jwk = OKPAlgorithm.to_jwk(Ed25519PrivateKey.generate(), as_dict=True)
    return {
        "kid": new_ulid(),
        "alg": algorithm,
        "jwk": jwk,
        "activeFrom": clock.iso(active_from),
        "retireAt": None,
    }


def rotated(entries: Sequence[dict[str, Any]], *, lifetime: int) -> list[dict[str, Any]]:
    """The entries of ``JWT_KEYS`` with a new key of the newest one's algorithm; the others end, if they have not.

    ``lifetime``: seconds that an access token lives at most.
    """
    now = clock.now()
    active_from = now + ACTIVE_AFTER
    end = max(now + RETIRED_AFTER, active_from + timedelta(seconds=lifetime + LEEWAY_SECONDS))
    known_since = clock.iso(now - FORGOTTEN_AFTER)
    kept = [one for one in entries if (one.get("retireAt") or clock.iso(end)) > known_since]
    ending = [{**one, "retireAt": one.get("retireAt") or clock.iso(end)} for one in kept]
    newest = max(kept, key=lambda one: clock.parse_iso(one["activeFrom"]), default=None)
    return [*ending, new_key(active_from=active_from, algorithm=newest["alg"] if newest else "ES256")]


def published(entries: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """``JWT_PUBLIC_KEYS`` of the entries of ``JWT_KEYS``: a JWK set without private members, with the keys' ends."""
    return {
        "keys": [
            {
                **{name: value for name, value in one["jwk"].items() if name in {"kty", "crv", "x", "y"}},
                "kid": one["kid"],
                "alg": one["alg"],
                "use": "sig",
                **({"retireAt": one["retireAt"]} if one.get("retireAt") else {}),
            }
            for one in entries
        ]
    }
