"""The HTTP port behaves as API Gateway REST does (LOC-03), over real sockets."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from chalicelib.platform.http.limits import Limits
from infra.local.edge import Edge
from infra.local.emulator import Emulator
from infra.local.gateway import MAX_REQUEST_BYTES, Gateway
from infra.local.httpd import PortInUse, Server, listen
from infra.local.journal import Journal
from infra.local.proxy import Routes
from tests.support.races import to_next_window

LISTED = "https://app.test.example"


class Stand:
    """Something that answers on a path, as a declared endpoint would."""

    method = "POST"
    edge = Limits.DEFAULT
    memory = 128

    def __init__(self, name: str, handle: Callable[[dict[str, Any]], Any], timeout: float = 29) -> None:
        self.name, self._handle, self.timeout = name, handle, timeout

    def __call__(self, event: dict[str, Any], _: Any) -> Any:
        return self._handle(event)


def echo(event: dict[str, Any]) -> Any:
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}


def never(event: dict[str, Any]) -> Any:
    threading.Event().wait(20)


@pytest.fixture
def journal() -> Journal:
    return Journal()


@pytest.fixture
def url(cloud: Emulator, journal: Journal) -> Iterator[str]:
    """A gateway on a free port: the real routes, and a few that misbehave."""
    real = cloud.routes
    stands = {
        "/echo/{name}/{rest+}": Stand("echo", echo),
        "/huge": Stand("huge", lambda _: {"statusCode": 200, "body": "x" * 6_300_000}),
        "/binary": Stand("binary", lambda _: {"statusCode": 200, "body": "AAH/", "isBase64Encoded": True}),
        "/broken": Stand("broken", lambda _: {"status": 200}),
        "/raising": Stand("raising", lambda _: 1 / 0),
        "/slow": Stand("slow", never),
        "/timed-out": Stand("timed_out", never, timeout=0.2),
    }
    cloud.routes = Routes({path: {"POST": one, "GET": one} for path, one in stands.items()})
    find = cloud.routes.find
    cloud.routes.find = lambda method, path: find(method, path) or real.find(method, path)
    gateway = Gateway(cloud, journal, Edge(), seconds=0.5)
    server = Server(listen("127.0.0.1", 0, "PORT"), gateway.answer, threads=64, max_body=MAX_REQUEST_BYTES)
    server.start()
    yield f"http://127.0.0.1:{server.port}"
    server.stop()
    cloud.routes = real


def envelope(answer: requests.Response, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert body["code"] == code
    assert body["requestId"] == answer.headers["X-Request-Id"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Vary"] == "Origin"
    assert "Server" not in answer.headers


@pytest.mark.rule("LOC-03")
def test_request_becomes_a_proxy_event(url: str) -> None:
    answer = requests.post(
        f"{url}/echo/caf%C3%A9/a/b?x=1&x=2&empty=",
        data="नमस्ते".encode(),
        headers={"X-Two": "one", "User-Agent": "tester", "X-Forwarded-For": "1.2.3.4"},
        timeout=10,
    )
    event = answer.json()
    assert event["resource"] == "/echo/{name}/{rest+}"
    assert event["pathParameters"] == {"name": "café", "rest": "a/b"}
    assert event["queryStringParameters"] == {"x": "2", "empty": ""}
    assert event["multiValueQueryStringParameters"] == {"x": ["1", "2"], "empty": [""]}
    assert event["multiValueHeaders"]["X-Two"] == ["one"]
    assert event["isBase64Encoded"] is True
    assert event["body"] == "4KSo4KSu4KS44KWN4KSk4KWH"
    assert event["requestContext"]["identity"]["sourceIp"] == "127.0.0.1"
    assert event["requestContext"]["stage"] == "test"


def test_request_without_anything_has_nulls(url: str) -> None:
    event = requests.get(f"{url}/echo/a/b", timeout=10).json()
    assert event["body"] is None
    assert event["queryStringParameters"] is None
    assert event["isBase64Encoded"] is False


def test_binary_answers_are_bytes(url: str) -> None:
    assert requests.get(f"{url}/binary", headers={"Accept": "image/avif"}, timeout=10).content == b"\x00\x01\xff"


@pytest.mark.rule("LOC-03", "HTTP-21", "HTTP-60")
@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/nothing"), ("TRACE", "/v1/health"), ("PUT", "/v1/health")])
def test_unknown_paths_and_methods_are_404_in_the_envelope(url: str, method: str, path: str) -> None:
    answer = requests.request(method, url + path, headers={"Origin": LISTED}, timeout=10)
    envelope(answer, 404, "ROUTE_NOT_FOUND")
    assert answer.headers["Access-Control-Allow-Origin"] == LISTED
    evil = requests.request(method, url + path, headers={"Origin": "https://evil.example"}, timeout=10)
    assert "Access-Control-Allow-Origin" not in evil.headers


@pytest.mark.rule("LOC-03")
def test_body_over_10_megabytes_is_413(url: str) -> None:
    envelope(requests.post(f"{url}/echo/a/b", data=b"x" * (MAX_REQUEST_BYTES + 1), timeout=30), 413, "BODY_TOO_LARGE")


@pytest.mark.rule("LOC-03")
@pytest.mark.parametrize("path", ["/huge", "/broken", "/raising", "/timed-out"])
def test_failed_integration_is_502(url: str, path: str) -> None:
    envelope(requests.post(url + path, timeout=10), 502, "UPSTREAM_FAILED")


@pytest.mark.rule("LOC-03")
def test_function_that_takes_too_long_is_504(url: str) -> None:
    envelope(requests.post(f"{url}/slow", timeout=10), 504, "TIMED_OUT")


@pytest.mark.rule("HTTP-27")
def test_own_request_id_comes_back(url: str) -> None:
    answer = requests.get(f"{url}/v1/nothing", headers={"X-Request-Id": "my-own-id-1"}, timeout=10)
    assert answer.json()["requestId"] == "my-own-id-1"


@pytest.mark.rule("LOC-03")
def test_fifty_requests_are_served_at_once(cloud: Emulator, url: str) -> None:
    together = threading.Barrier(50, timeout=20)

    def wait(_: dict[str, Any]) -> Any:
        together.wait()
        return {"statusCode": 200, "body": "all"}

    stand = Stand("together", wait)
    find = cloud.routes.find
    cloud.routes.find = lambda method, path: (
        Routes({"/together": {"GET": stand}}).find(method, path) or find(method, path)
    )
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: requests.get(f"{url}/together", timeout=30).text, range(50)))
    assert answers == ["all"] * 50


@pytest.mark.rule("HTTP-40")
def test_edge_refuses_the_121st_request_of_a_minute(url: str, cloud: Emulator) -> None:
    to_next_window(cloud)
    with requests.Session() as session:
        statuses = [session.get(f"{url}/v1/health", timeout=10).status_code for _ in range(120)]
        refused = session.get(f"{url}/v1/health", headers={"Origin": LISTED}, timeout=10)
        other = session.get(f"{url}/v1/health", headers={"Authorization": "Bearer somebody"}, timeout=10)
    assert set(statuses) == {200}
    envelope(refused, 429, "RATE_LIMITED")
    assert refused.json()["requestId"] == "edge"
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert refused.headers["Access-Control-Allow-Origin"] == LISTED
    assert other.status_code == 200


def test_requests_are_noted_with_their_calls(url: str, journal: Journal) -> None:
    requests.get(f"{url}/v1/plans", timeout=10)
    (noted,) = journal.requests()
    assert noted["path"] == "/v1/plans"
    assert noted["function"] == "list_plans"
    assert {call["operation"] for call in noted["awsCalls"]} == {"Query"}


CHUNKED = b"POST /echo/a/b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


def test_keep_alive_chunks_and_nonsense(url: str) -> None:
    host, port = url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as wire:
        for _ in range(2):
            wire.sendall(CHUNKED)
            head, _, rest = _read(wire)
            assert head.startswith(b"HTTP/1.1 200")
            assert json.loads(rest)["body"] == "YWJj"
        wire.sendall(b"nonsense\r\n\r\n")
        assert wire.recv(200).startswith(b"HTTP/1.1 400")


def _read(wire: socket.socket) -> tuple[bytes, bytes, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += wire.recv(65_536)
    head, mark, rest = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(rest) < length:
        rest += wire.recv(65_536)
    return head, mark, rest


@pytest.mark.rule("LOC-01")
def test_port_in_use_is_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUse, match=rf"^port {port} is in use; choose another with PORT=<port>$"):
            listen("127.0.0.1", port, "PORT")
