"""A small local cloud for looking at the console and the documentation: the console's files, canned answers of the
control API, and the endpoints that need no AWS.

``python -m tests.local.fake_cloud 8099`` serves it for development.
"""

from __future__ import annotations

import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from functions.platform import docs, health
from infra.local import console
from infra.local.proxy import Incoming, Routes, event, outgoing

ULID = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"
TOKEN = "eyJhbGciOiJFUzI1NiIsImtpZCI6IjEifQ.eyJzdWIiOiIwMUpIOFo2VjNONFE1UjZTN1Q4VjlXWFlaMCJ9.c2lnbmF0dXJl"

FINALIZE = {
    "StartAt": "LoadOrder",
    "States": {
        "LoadOrder": {"Type": "Task", "Next": "AskGateway", "Catch": [{"Next": "GiveUp"}]},
        "AskGateway": {"Type": "Task", "Next": "Decide", "Catch": [{"Next": "WaitLonger"}]},
        "Decide": {
            "Type": "Choice",
            "Choices": [{"Next": "Grant"}, {"Next": "CloseUnpaid"}],
            "Default": "Wait",
        },
        "Wait": {"Type": "Wait", "Next": "AskGateway"},
        "WaitLonger": {"Type": "Wait", "Next": "AskGateway"},
        "Grant": {"Type": "Task", "Next": "Done", "Catch": [{"Next": "GiveUp"}]},
        "CloseUnpaid": {"Type": "Task", "Next": "Done"},
        "GiveUp": {"Type": "Fail"},
        "Done": {"Type": "Succeed"},
    },
}


def _execution(number: int, status: str, way: list[str], error: str | None = None) -> dict[str, Any]:
    return {
        "arn": f"arn:aws:states:ap-south-1:123456789012:execution:pathshala-local-finalize-payment:{number}",
        "workflow": "pathshala-local-finalize-payment",
        "name": f"PS01JH8Z6V3N4Q5R6S7T8V9WXY{number}",
        "status": status,
        "startedAt": f"2026-01-31T10:0{number}:00.000Z",
        "stoppedAt": None if status == "RUNNING" else f"2026-01-31T10:0{number}:04.210Z",
        "error": error,
        "cause": None,
        "input": json.dumps({"orderId": ULID, "attempt": 1}),
        "output": None if status == "RUNNING" else json.dumps({"outcome": "GRANTED"}),
        "states": [{"name": name, "status": "SUCCEEDED", "at": "2026-01-31T10:00:00.000Z"} for name in way],
    }


def _request(number: int, method: str, path: str, status: int, code: str | None, calls: int) -> dict[str, Any]:
    made = [("dynamodb", "BatchGetItem", 1.0), ("dynamodb", "Query", 2.5), ("s3", "GetObject", 0.0)]
    return {
        "requestId": f"01JH8Z6V3N4Q5R6S7T8V9WXY{number:02d}",
        "at": f"2026-01-31T10:00:{59 - number:02d}.123Z",
        "method": method,
        "path": path,
        "status": status,
        "code": code,
        "durationMs": 7.4 + 9 * number,
        "function": "get_note",
        "units": calls * 1.5,
        "awsCalls": [
            {"service": s, "operation": o, "durationMs": 2.4 + at, "units": u, "outcome": "ok", "resources": []}
            for at, (s, o, u) in enumerate(made[:calls])
        ],
    }


ORDER = {
    "merchantTransactionId": "PS01JH8Z6V3N4Q5R6S7T8V9WXYZ0",
    "state": "PENDING",
    "amountPaise": 149900,
    "createdAt": "2026-01-31T10:00:00.000Z",
    "pageUrl": "http://localhost:8001/transact/pg?token=abc",
    "calls": [
        {"at": "2026-01-31T10:00:00.000Z", "method": "POST", "path": "/v1/oauth/token", "status": 200},
        {"at": "2026-01-31T10:00:00.200Z", "method": "POST", "path": "/checkout/v2/pay", "status": 200},
    ],
    "webhooks": [],
}
HOOK = {
    "at": "2026-01-31T10:01:00.000Z",
    "event": "checkout.order.completed",
    "copy": 2,
    "signature": "WRONG",
    "status": 401,
}

ANSWERS: dict[str, Any] = {
    "state": {
        "stage": "local",
        "now": "2026-01-31T10:00:00.000Z",
        "offsetSeconds": 93600,
        "phonepeUrl": "http://localhost:8001",
    },
    "accounts": [
        {
            "role": "ADMIN_SUPER",
            "name": "Meera Nair",
            "email": "super@pathshala.example",
            "password": "demo-super-admin",
        },
        {
            "role": "ADMIN_CONTENT",
            "name": "Arjun Rao",
            "email": "content@pathshala.example",
            "password": "demo-content",
        },
        {"role": "STUDENT", "name": "आशा वर्मा", "email": "asha.verma@pathshala.example", "password": "demo-student"},
    ],
    "requests": [
        _request(1, "GET", f"/v1/notes/{ULID}/content", 206, None, 3),
        _request(2, "POST", "/v1/payments/checkout", 201, None, 2),
        _request(3, "GET", f"/v1/notes/{ULID}", 403, "FORBIDDEN", 1),
        _request(4, "POST", "/v1/auth/login", 429, "RATE_LIMITED", 1),
        _request(5, "POST", "/v1/payments/webhooks/phonepe", 503, "UNAVAILABLE", 0),
    ],
    "events": [
        {"at": "2026-01-31T10:00:05.000Z", "event": "PaymentSucceeded", "key": "PS01JH8Z6", "data": {"a": 1}},
        {"at": "2026-01-31T10:00:01.000Z", "event": "OrderPlaced", "key": "PS01JH8Z6", "data": {"a": 149900}},
    ],
    "workflows": [{"name": "finalize-payment", "definition": FINALIZE}],
    "executions": [
        _execution(3, "RUNNING", ["LoadOrder", "AskGateway", "Decide", "Wait"]),
        _execution(2, "SUCCEEDED", ["LoadOrder", "AskGateway", "Decide", "Grant", "Done"]),
        _execution(1, "FAILED", ["LoadOrder", "GiveUp"], "OrderUnknown"),
    ],
    "jobs": [
        {
            "name": "reconcile-payments",
            "summary": "Ask the gateway about orders that wait for too long.",
            "schedule": "rate(1 minute)",
            "last": {"at": "2026-01-31T09:59:00.000Z", "ok": True, "ms": 41},
        },
        {
            "name": "expire-subscriptions",
            "summary": "End what has ended.",
            "schedule": "cron(30 2 * * ? *)",
            "last": None,
        },
    ],
    "mailbox": [
        {
            "id": "1",
            "at": "2026-01-31T10:00:06.000Z",
            "channel": "EMAIL",
            "to": ["asha.verma@pathshala.example"],
            "subject": "Your receipt for ₹1,499.00",
            "html": "<h1 style='font-family:sans-serif'>Thank you, आशा</h1><p>Your plan is active.</p>",
            "text": "Thank you. Your plan is active.",
            "raw": "Subject: receipt\n\nThank you.",
        }
    ],
    "phonepe/orders": [ORDER, {**ORDER, "merchantTransactionId": "PS02", "state": "COMPLETED", "webhooks": [HOOK]}],
}


@dataclass
class FakeCloud:
    """The server; ``posted`` has what the console asked for, ``answers`` what the control API says."""

    posted: list[tuple[str, Any]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=lambda: dict(ANSWERS))
    port: int = 0

    def start(self, port: int = 0) -> FakeCloud:
        """Serve in a thread of its own."""
        cloud = self

        class Handler(_Handler):
            fake = cloud

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def told(self, method: str, name: str, body: Any) -> tuple[int, Any]:
        """What the control API answers."""
        if method != "GET":
            self.posted.append((name, body))
        if name.startswith("jobs/"):
            return 200, {"ok": True, "ms": 38, "result": {"asked": 4, "settled": 1}}
        if name == "drain":
            return 200, {"seconds": 0.2, "deliveries": 3, "executions": 1}
        if method != "GET":
            return 200, {}
        found = self.answers.get(name)
        if found is None:
            return 404, {"code": "ROUTE_NOT_FOUND"}
        return 200, {"items": found} if isinstance(found, list) else found


class _Handler(BaseHTTPRequestHandler):
    fake: FakeCloud
    routes = Routes(
        {one.path: {one.method: one} for one in (health.health, docs.openapi_document, docs.docs_page, docs.docs_asset)}
    )
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Silent."""

    def _serve(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if path.startswith("/_local/"):
            given = json.loads(body) if body else None
            status, answer = self.fake.told(self.command, path.removeprefix("/_local/"), given)
            self._send(status, {"Content-Type": "application/json"}, json.dumps(answer).encode())
        elif path == "/v1/auth/login":
            self.fake.posted.append(("login", json.loads(body)))
            answer = {"tokenType": "Bearer", "accessToken": TOKEN, "expiresIn": 900}
            self._send(200, {"Content-Type": "application/json"}, json.dumps(answer).encode())
        elif found := console.asset(path):
            self._send(200, found.headers, found.content)
        else:
            self._endpoint(path, query, body)

    def _endpoint(self, path: str, query: str, body: bytes) -> None:
        match = self.routes.find(self.command, path)
        if match is None:
            self._send(404, {}, b"")
            return
        incoming = Incoming(self.command, path, query, list(self.headers.items()), body)
        answer = outgoing(match.endpoint(event(incoming, match, "local"), None))
        self._send(answer.status, dict(answer.headers), answer.body)

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815  # the server calls them so


if __name__ == "__main__":
    FakeCloud().start(int(sys.argv[1]))
    threading.Event().wait()
