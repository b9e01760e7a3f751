"""A door in front of the simulated gateway that can shut in a caller's face: before a call took effect, or after."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests


class Door:
    """Forwards every call to ``inside``. ``shut(number, after)`` loses the call of that number, counted from 0."""

    def __init__(self, inside: str) -> None:
        self._inside = inside
        self._lock = threading.Lock()
        self._lost: tuple[int, bool] | None = None
        self.calls: list[str] = []
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._pass()

            def do_POST(self) -> None:
                self._pass()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Silent."""

            def _pass(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                lost = door.next(f"{self.command} {self.path.split('?')[0]}")
                if lost is False:
                    self.close_connection = True
                    return
                headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "connection")}
                answer = requests.request(self.command, inside + self.path, data=body, headers=headers, timeout=10)
                if lost is True:
                    self.close_connection = True
                    return
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def shut(self, number: int, *, after: bool) -> None:
        with self._lock:
            self.calls.clear()
            self._lost = (number, after)

    def open(self) -> None:
        with self._lock:
            self.calls.clear()
            self._lost = None

    def next(self, call: str) -> bool | None:
        """None: let it pass; False: lose it before it takes effect; True: after."""
        with self._lock:
            number = len(self.calls)
            self.calls.append(call)
            if self._lost is not None and self._lost[0] == number:
                return self._lost[1]
            return None

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
