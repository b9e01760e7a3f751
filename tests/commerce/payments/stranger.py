"""Somebody at the gateway's address who is not the gateway, or a gateway that is not itself: any bytes, or none."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = bytes | Callable[["Line"], None]


class Line:
    """An open connection, after its request was read."""

    def __init__(self, handler: socketserver.StreamRequestHandler, over: threading.Event) -> None:
        self._handler = handler
        self.over = over

    def send(self, raw: bytes) -> None:
        """Send some bytes; nobody may be listening any more."""
        with suppress(OSError):
            self._handler.wfile.write(raw)
            self._handler.wfile.flush()

    def wait(self, seconds: float) -> bool:
        """Say nothing for so long; True when it is all over."""
        return self.over.wait(seconds)


class Stranger:
    """Counts the requests that it got; ``says`` is its answer to all of them."""

    def __init__(self, server: socketserver.TCPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        self.says: Answer = b""
        self.requests: list[str] = []


@contextmanager
def stranger() -> Iterator[Stranger]:
    over = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                length, first = 0, self.rfile.readline().decode("latin-1").strip()
                while (header := self.rfile.readline().strip().lower()) != b"":
                    if header.startswith(b"content-length:"):
                        length = int(header.partition(b":")[2])
                self.rfile.read(length)
                them.requests.append(first)
                if callable(them.says):
                    them.says(Line(self, over))
                else:
                    Line(self, over).send(them.says)

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        them = Stranger(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield them
        finally:
            over.set()
            server.shutdown()


def http(status: str, body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """An answer in HTTP; ``length``: what it says of its body, when that is not so."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1") + body
