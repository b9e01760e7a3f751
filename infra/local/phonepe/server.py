"""The simulator's HTTP port: paths to answers, one thread per connection, every API call recorded."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit

from infra.local.phonepe import page
from infra.local.phonepe.config import Clock, SimulatorConfig, wall_clock
from infra.local.phonepe.simulator import Simulator
from infra.local.phonepe.state import Call
from infra.local.phonepe.wire import (
    Reply,
    Request,
    first_values,
    json_reply,
    refusal,
    server_trouble,
    without_prefix,
)

MAX_BODY_BYTES = 1_048_576
Route = tuple[str, re.Pattern[str], Callable[..., Reply]]


def start(
    port: int,
    config: SimulatorConfig,
    now: Clock = wall_clock,
    host: str = "127.0.0.1",
    public_url: str | None = None,
) -> Simulator:
    """Starts a simulator on a port (0: any free one) and answers it, listening; ``OSError`` when the port
    is taken.

    ``now`` is the clock of everything but HTTP time-outs and told slowness; ``public_url`` is what page
    links start with, when a browser reaches the port under another name.
    """
    simulator = Simulator(config, now)
    server = _Server((host, port), simulator)
    simulator.run((public_url or f"http://{host}:{server.server_port}").rstrip("/"), server)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, name="phonepe-http", daemon=True).start()
    return simulator


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], simulator: Simulator) -> None:
        self.simulator = simulator
        self.routes = _routes(simulator)
        super().__init__(address, _Handler)

    def close(self) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that hung up is no news."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            traceback.print_exc()


def _routes(simulator: Simulator) -> list[Route]:
    v1, v2 = simulator.v1, simulator.v2

    def route(method: str, path: str, answer: Callable[..., Reply]) -> Route:
        return method, re.compile(re.sub(r"\{\}", "([^/]+)", path)), answer

    def money(taken: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
        """A call that may be told to fail: before it takes effect, or after."""

        def answered(request: Request) -> Reply:
            after = simulator.state.behaviours.take_pay_failure()
            if after is None:
                return taken(request)
            return server_trouble(taken(request).about if after else None)

        return answered

    return [
        route("POST", "/v1/oauth/token", v2.token),
        route("POST", "/checkout/v2/pay", money(v2.pay)),
        route("POST", "/checkout/v2/sdk/order", v2.sdk_order),
        route("GET", "/checkout/v2/order/{}/status", v2.order_status),
        route("GET", "/checkout/v2/transaction/{}/status", v2.transaction_status),
        route("POST", "/payments/v2/refund", money(v2.refund)),
        route("GET", "/payments/v2/refund/{}/status", v2.refund_status),
        # The SDKs report usage here; a gateway takes it and says nothing.
        route("POST", "/client/v1/backend/events/batch", lambda _: json_reply(200, {})),
        route("POST", "/pg/v1/pay", money(v1.pay)),
        route("GET", "/pg/v1/status/{}/{}", v1.status),
        route("POST", "/pg/v1/refund", money(v1.refund)),
        route("GET", "/transact/pg", lambda request: page.show(simulator, request)),
        route("POST", "/transact/pg/outcome", lambda request: page.choose(simulator, request)),
        route("GET", "/", lambda _: page.index(simulator)),
    ]


def answer(routes: list[Route], request: Request) -> Reply:
    """The reply of the route that fits; the gateway's own words for a path or method it does not have."""
    known = False
    for method, pattern, handler in routes:
        match = pattern.fullmatch(request.path)
        if match is None:
            continue
        if method == request.method:
            return handler(request, *map(unquote, match.groups()))
        known = True
    if known:
        return refusal(405, "METHOD_NOT_ALLOWED", "Method Not Allowed")
    return refusal(404, "404", "Api Mapping Not Found")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "PhonePeSimulator"
    timeout = 60
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        """Silent: the record of calls is ``Simulator.calls``."""

    def _serve(self) -> None:
        simulator = self.server.simulator
        url = urlsplit(self.path)
        at = simulator.state.now()
        reply = self._reply(url.path, url.query)
        path = without_prefix(url.path)
        if not path.startswith("/transact/") and path != "/":
            call = Call(at, self.command, path, reply.status, reply.about)
            with simulator.state.lock:
                simulator.state.calls.append(call)
        self._send(reply)

    def _reply(self, path: str, query: str) -> Reply:
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or "chunked" in self.headers.get("Transfer-Encoding", ""):
            self.close_connection = True
            return refusal(411, "BAD_REQUEST", "Length Required")
        if int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            return refusal(413, "BAD_REQUEST", "Request Entity Too Large")
        request = Request(
            method=self.command,
            path=without_prefix(path),
            query=first_values(parse_qs(query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        try:
            return answer(self.server.routes, request)
        except Exception:
            # A fault of the simulator must look like one of the gateway, and be seen.
            traceback.print_exc()
            return server_trouble()

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        headers = {"Content-Type": reply.content_type, "Content-Length": str(len(reply.body))} | reply.headers
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)
