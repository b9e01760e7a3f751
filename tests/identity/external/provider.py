"""An OpenID Connect provider on a local port: its own keys, discovery document, JWK set, rotation, tokens.

    with Provider() as provider:                 # any free port; provider.url is the issuer
        provider.token("subject-1", email="asha@example.in")
        provider.rotate()                        # the next tokens have a new key; the old one stays published
        provider.down = True                     # answers 500 to everything

Alone: ``python -m tests.identity.external.provider 9099`` serves until Ctrl-C, and beside what OpenID Connect asks for
``POST /token`` (JSON: the claims to add) → ``{"token": …}`` and ``POST /rotate`` → ``{"kid": …}``.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from secrets import token_hex
from types import TracebackType
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from chalicelib.platform import clock

AUDIENCE = "pathshala-app"
DISCOVERY, JWKS = "/.well-known/openid-configuration", "/jwks"


@dataclass(frozen=True)
class Key:
    """A signing key of the provider."""

    kid: str
    algorithm: str
    private: Any
    public: dict[str, Any]


def new_key(kid: str, algorithm: str = "RS256", bits: int = 2_048) -> Key:
    """A fresh key for one of the three algorithms."""
    private: Any
    if algorithm == "RS256":
        private = rsa.generate_private_key(65_537, bits)
        public = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    elif algorithm == "ES256":
        private = ec.generate_private_key(ec.SECP256R1())
        public = ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    else:
        private = ed25519.Ed25519PrivateKey.generate()
        public = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return Key(kid, algorithm, private, {**public, "kid": kid, "alg": algorithm, "use": "sig"})


class Provider:
    """Serves while the ``with`` block runs. ``asked``: the paths that were asked for, in order."""

    def __init__(self, port: int = 0, *, now: Callable[[], int] = clock.epoch) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._now = now
        # Of its own in every test: what a container knows of a provider, it knows by its address.
        self._realm = f"/realms/{token_hex(4)}"
        self.url = f"http://127.0.0.1:{self._server.server_port}{self._realm}"
        self.keys = [new_key("key-1")]
        self.down = False
        self.asked: list[str] = []
        self.overrides: dict[str, Any] = {}

    def __enter__(self) -> Provider:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settings(self, **more: str) -> dict[str, str]:
        """The environment under which the backend accepts this provider's tokens, beside its own."""
        return {
            "AUTH_PROVIDERS": "local,external",
            "OIDC_ISSUER": self.url,
            "OIDC_AUDIENCE": AUDIENCE,
            "OIDC_PROVISION": "student",
            **more,
        }

    def rotate(self, algorithm: str = "RS256", *, keep: bool = True) -> Key:
        """Sign with a new key from now on; ``keep``: the old ones stay published."""
        key = new_key(f"key-{len(self.keys) + 1}-{algorithm}", algorithm)
        self.keys = [*self.keys, key] if keep else [key]
        return key

    def token(
        self,
        subject: str,
        *,
        key: Key | None = None,
        seconds: int = 300,
        headers: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """A token as the provider issues them; claims given as None are left out."""
        chosen, now = key or self.keys[-1], self._now()
        body = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + seconds,
            "email": f"{subject}@example.in",
            "email_verified": True,
            "name": "Asha Verma",
            **claims,
        }
        given = {name: value for name, value in body.items() if value is not None}
        own = {"kid": chosen.kid, **(headers or {})}
        return jwt.encode(given, chosen.private, algorithm=chosen.algorithm, headers=own)

    def answer(self, path: str) -> tuple[int, Any]:
        """What a GET of a path answers."""
        self.asked.append(path)
        if self.down:
            return 500, {"error": "down"}
        if path == DISCOVERY:
            found = {"issuer": self.url, "jwks_uri": self.url + JWKS, "authorization_endpoint": f"{self.url}/authorize"}
            return 200, {**found, **self.overrides}
        if path == JWKS:
            return 200, {"keys": [key.public for key in self.keys]}
        return 404, {}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(*provider.answer(self.path.removeprefix(provider._realm)))

            def do_POST(self) -> None:
                given = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
                if self.path == "/token":
                    self._send(200, {"token": provider.token(given.pop("sub", "subject-1"), **given)})
                elif self.path == "/rotate":
                    self._send(200, {"kid": provider.rotate().kid})
                else:
                    self._send(404, {})

            def _send(self, status: int, body: Any) -> None:
                raw = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                """Nothing on the screen."""

        return Handler


def main(arguments: list[str]) -> None:
    """Serve on a port until Ctrl-C."""
    with Provider(int(arguments[0]) if arguments else 9099) as provider:
        sys.stdout.write(json.dumps(provider.settings()) + "\n")
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
