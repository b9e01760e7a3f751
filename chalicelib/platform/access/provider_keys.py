"""The keys of the external OIDC provider (AUTH-60): found by discovery or at ``OIDC_JWKS_URL``, kept for 10 minutes.

For a key id that is not known the provider is asked again, at most once a minute. While it does not answer, keys that
are known go on being used, however old they are.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chalicelib.platform import clock, settings
from chalicelib.platform.errors import TokenInvalid, Unavailable
from chalicelib.platform.logs import alarm

CACHE_SECONDS = 600
REFETCH_SECONDS = 60
CONNECT_SECONDS = 2
READ_SECONDS = 3
MAX_BYTES = 262_144
DISCOVERY = "/.well-known/openid-configuration"
MIN_RSA_BITS = 2_048
_CURVES = {("RSA", None): "RS256", ("EC", "P-256"): "ES256", ("OKP", "Ed25519"): "EdDSA"}
_FOUND = 200


def _is_safe(url: str) -> bool:
    return url.startswith("https://") or (settings.is_local() and url.startswith("http://"))


def _url(raw: str) -> str:
    if raw and not _is_safe(raw):
        raise ValueError(raw)
    return raw


def _algorithms(raw: str) -> frozenset[str]:
    words = frozenset(word.strip() for word in raw.split(",") if word.strip())
    if not words or not words <= set(_CURVES.values()):
        raise ValueError(raw)
    return words


OIDC_ISSUER = settings.parsed("OIDC_ISSUER", default="", parse=_url, rule="an https URL")
OIDC_JWKS_URL = settings.parsed("OIDC_JWKS_URL", default="", parse=_url, rule="an https URL")
OIDC_ALGS = settings.parsed(
    "OIDC_ALGS", default="RS256,ES256,EdDSA", parse=_algorithms, rule="any of RS256, ES256, EdDSA"
)


class ProviderSilent(Exception):
    """The provider did not answer, or not with what OpenID Connect asks of it."""


class ProviderKey(NamedTuple):
    """A public key and the one algorithm it is for."""

    key: Any
    algorithm: str


@dataclass
class _Known:
    """What this container knows of one provider; the instants are epoch seconds."""

    keys: dict[str, ProviderKey] = field(default_factory=dict)
    fetched_at: int | None = None
    tried_at: int | None = None
    silent: bool = False


_lock = threading.Lock()
_known: dict[tuple[str, str], _Known] = {}


def _is_over(since: int | None, seconds: int) -> bool:
    # The local cloud can set its clock back; what happened «later» is as good as long ago.
    return since is None or not 0 <= clock.epoch() - since < seconds


def key_of(kid: str) -> ProviderKey:
    """The provider's key of that id.

    Raises ``TokenInvalid`` when the provider has none, ``Unavailable`` when it cannot be asked.
    """
    with _lock:
        known = _known.setdefault((OIDC_ISSUER(), OIDC_JWKS_URL()), _Known())
        wanted = kid not in known.keys or _is_over(known.fetched_at, CACHE_SECONDS)
        if wanted and _is_over(known.tried_at, REFETCH_SECONDS):
            _refresh(known)
        found = known.keys.get(kid)
    if found is not None:
        return found
    raise Unavailable if known.silent else TokenInvalid


def _refresh(known: _Known) -> None:
    known.tried_at = clock.epoch()
    try:
        known.keys = _read_keys(_document(OIDC_JWKS_URL() or _discovered()))
    except ProviderSilent:
        known.silent = True
        alarm("identity provider does not answer")
        return
    known.fetched_at, known.silent = clock.epoch(), False


def _discovered() -> str:
    """Where the provider says its keys are; only its own word about its own issuer counts."""
    document = _document(OIDC_ISSUER().rstrip("/") + DISCOVERY)
    place = document.get("jwks_uri")
    if document.get("issuer") != OIDC_ISSUER() or not isinstance(place, str):
        raise ProviderSilent
    return place


def _document(url: str) -> Mapping[str, Any]:
    """A JSON object from the provider; redirects are not followed, proxies of the machine not used."""
    import requests

    if not _is_safe(url):
        raise ProviderSilent
    try:
        with requests.Session() as session:
            session.trust_env = False
            patience = (CONNECT_SECONDS, READ_SECONDS)
            with session.get(url, timeout=patience, allow_redirects=False, stream=True) as answer:
                body = answer.raw.read(MAX_BYTES + 1, decode_content=True)
                if answer.status_code != _FOUND or len(body) > MAX_BYTES:
                    raise ProviderSilent
        document = json.loads(body)
    except (requests.RequestException, OSError, ValueError, RecursionError) as error:
        raise ProviderSilent from error
    except Exception as error:
        # urllib3 raises its own while a body is being read.
        if type(error).__module__.startswith("urllib3."):
            raise ProviderSilent from error
        raise
    if not isinstance(document, dict):
        raise ProviderSilent
    return document


def _read_keys(document: Mapping[str, Any]) -> dict[str, ProviderKey]:
    """The signing keys of a JWK set that we would use; a key that we do not understand is passed over."""
    entries = document.get("keys")
    if not isinstance(entries, list):
        raise ProviderSilent
    found = {}
    for jwk in entries:
        key = _key(jwk) if isinstance(jwk, dict) else None
        if key is not None:
            found[str(jwk["kid"])] = key
    return found


def _key(jwk: Mapping[str, Any]) -> ProviderKey | None:
    import jwt

    algorithm = _CURVES.get((str(jwk.get("kty")), jwk.get("crv")))
    usable = algorithm in OIDC_ALGS() and jwk.get("alg", algorithm) == algorithm and jwk.get("use", "sig") == "sig"
    if not usable or algorithm is None or not isinstance(jwk.get("kid"), str):
        return None
    public = {name: value for name, value in jwk.items() if name in {"kty", "crv", "x", "y", "n", "e"}}
    try:
        key = jwt.PyJWK({**public, "alg": algorithm}).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    return ProviderKey(key, algorithm) if getattr(key, "key_size", MIN_RSA_BITS) >= _least(algorithm) else None


def _least(algorithm: str) -> int:
    return MIN_RSA_BITS if algorithm == "RS256" else 0
