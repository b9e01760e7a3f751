"""The API as the demo academy is built through it: real events to the real handlers, past ports and edge limits."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from infra.local.proxy import Incoming, Outgoing, event, outgoing
from infra.local.running import Running

AGENT = "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/141.0 Mobile Safari/537.36"


class DemoFailed(Exception):
    """The demo academy could not be loaded: the step and what came instead."""


class Api:
    """Calls that must succeed; ``DemoFailed`` otherwise."""

    def __init__(self, running: Running) -> None:
        self._running = running

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        address: str = "198.51.100.10",
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Answers the JSON of a 2xx; None without a body. ``address``: where the request seems to come from."""
        content = self.fetch(path, body, method=method, token=token, address=address, headers=headers)
        return json.loads(content) if content else None

    def fetch(
        self,
        path: str,
        body: Any = None,
        *,
        method: str = "GET",
        token: str | None = None,
        address: str = "198.51.100.10",
        headers: dict[str, str] | None = None,
    ) -> bytes:
        """The same, as bytes."""
        sent = {"User-Agent": AGENT, **(headers or {})}
        content = b""
        if body is not None:
            sent["Content-Type"] = "application/json"
            content = json.dumps(body, ensure_ascii=False).encode()
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        bare, _, query = path.partition("?")
        answer = self._answer(Incoming(method, bare, query, list(sent.items()), content, address))
        if not 200 <= answer.status < 300:
            raise DemoFailed(f"{method} {path}: {answer.status} {answer.body[:300].decode('utf-8', 'replace')}")
        return answer.body

    def _answer(self, incoming: Incoming) -> Outgoing:
        emulator = self._running.emulator
        match = emulator.routes.find(incoming.method, incoming.path)
        if match is None:
            raise DemoFailed(f"nothing answers to {incoming.method} {incoming.path}")
        outcome = emulator.lambdas.invoke(match.endpoint, event(incoming, match, emulator.stage))
        if outcome.error is not None:
            raise DemoFailed(f"{match.endpoint.name}: {outcome.error['errorType']}")
        return outgoing(outcome.answer)

    def put_file(self, url: str, headers: dict[str, str], content: bytes) -> None:
        """Send bytes to an upload address, as a browser does."""
        where = urlsplit(url)
        sent = [("Host", where.netloc), *headers.items()]
        answer = self._running.door.answer(Incoming("PUT", where.path, where.query, sent, content))
        if answer.status != 200:
            raise DemoFailed(f"upload: {answer.status} {answer.body[:300].decode('utf-8', 'replace')}")

    def login(self, email: str, password: str, *, address: str = "198.51.100.10") -> str:
        """An access token."""
        body = {"email": email, "password": password}
        return str(self.call("POST", "/v1/auth/login", body, address=address)["accessToken"])
