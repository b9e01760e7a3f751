"""A small HTTP/1.1 server: one event loop takes thousands of connections, a pool of threads does the work.

Made for this machine only; each request is read whole before it is handled.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import urlsplit

from chalicelib.platform import clock
from infra.local.proxy import Incoming, Outgoing

MAX_HEAD = 65_536
MAX_DISCARDED = 256 * 1024 * 1024
IDLE_SECONDS = 75
BACKLOG = 8_192
_CHUNK = 65_536
_NO_BODY = frozenset({204, 304})
_OWN = frozenset({"content-length", "connection", "transfer-encoding", "keep-alive", "date", "server"})

Handler = Callable[[Incoming], Outgoing]


class PortInUse(Exception):
    """One line: which port, and how to move it."""


class _Refused(Exception):
    """What came in is no HTTP request that this server reads."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


@dataclass
class _Head:
    method: str
    target: str
    version: str
    headers: list[tuple[str, str]]

    def first(self, name: str) -> str:
        return next((value for known, value in self.headers if known.lower() == name), "")


def allow_many_connections() -> None:
    """Let this process hold as many sockets as the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def listen(host: str, port: int, variable: str) -> socket.socket:
    """A bound socket. Raises ``PortInUse`` naming the variable that moves the port."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        raise PortInUse(f"port {port} is in use; choose another with {variable}=<port>") from error
    listening.listen(BACKLOG)
    listening.setblocking(False)  # noqa: FBT003  # the socket's own signature
    return listening


class Server:
    """Serves ``handler`` on a bound socket; bodies over ``max_body`` reach it cut, with ``Incoming.too_large``."""

    def __init__(self, listening: socket.socket, handler: Handler, *, threads: int = 96, max_body: int) -> None:
        self._listening = listening
        self._handler = handler
        self._max_body = max_body
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="http")
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)
        self.port: int = listening.getsockname()[1]

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()
        self._ready.wait(10)

    def stop(self) -> None:
        """Close the port; what is being answered is dropped."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(2)
        self._listening.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connection, sock=self._listening, limit=MAX_HEAD, backlog=BACKLOG)
        )
        self._ready.set()
        try:
            self._loop.run_forever()
        finally:
            server.close()
            for task in asyncio.all_tasks(self._loop):
                task.cancel()
            self._loop.run_until_complete(asyncio.sleep(0))
            self._loop.close()

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = writer.get_extra_info("peername")
        address = str(peer[0]) if peer else "127.0.0.1"
        gone = (ConnectionError, asyncio.IncompleteReadError, TimeoutError, asyncio.CancelledError)
        try:
            while await self._exchange(reader, writer, address):
                pass
        except _Refused as refused:
            with contextlib.suppress(ConnectionError):
                writer.write(_plain(refused.status))
                await writer.drain()
        except gone:
            return
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> bool:
        """Answer one request; whether the connection stays open."""
        try:
            async with asyncio.timeout(IDLE_SECONDS):
                head = _head(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError as error:
            raise _Refused(431) from error
        began = clock.now()
        if head.first("expect").lower() == "100-continue":
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body, too_large = await self._body(reader, head)
        url = urlsplit(head.target)
        incoming = Incoming(head.method, url.path or "/", url.query, head.headers, body, address, too_large, began)
        answer = await self._loop.run_in_executor(self._pool, self._handled, incoming)
        stays = head.version == "HTTP/1.1" and head.first("connection").lower() != "close"
        writer.write(_rendered(answer, head.method, stays))
        await writer.drain()
        return stays

    def _handled(self, incoming: Incoming) -> Outgoing:
        try:
            return self._handler(incoming)
        except Exception:
            # A fault of the local cloud itself: seen here, and a plain 500 there.
            traceback.print_exc()
            return Outgoing(500)

    async def _body(self, reader: asyncio.StreamReader, head: _Head) -> tuple[bytes, bool]:
        if "chunked" in head.first("transfer-encoding").lower():
            return await self._chunked(reader)
        length = head.first("content-length") or "0"
        if not length.isdecimal():
            raise _Refused(400)
        size = int(length)
        if size <= self._max_body:
            return await reader.readexactly(size), False
        if size > MAX_DISCARDED:
            raise _Refused(413)
        # Read to the end all the same: a client that is still sending would not see the answer.
        left = size
        while left > 0:
            chunk = await reader.read(min(_CHUNK, left))
            if not chunk:
                raise ConnectionResetError
            left -= len(chunk)
        return b"", True

    async def _chunked(self, reader: asyncio.StreamReader) -> tuple[bytes, bool]:
        body, total = bytearray(), 0
        while True:
            line = await reader.readline()
            try:
                size = int(line.split(b";")[0].strip() or b"x", 16)
            except ValueError as error:
                raise _Refused(400) from error
            if size == 0:
                while (await reader.readline()).strip():
                    pass
                return (bytes(body), False) if total <= self._max_body else (b"", True)
            total += size
            if total > MAX_DISCARDED:
                raise _Refused(413)
            chunk = await reader.readexactly(size + 2)
            if total <= self._max_body:
                body += chunk[:-2]


def _head(raw: bytes) -> _Head:
    lines = raw.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
        raise _Refused(400)
    headers: list[tuple[str, str]] = []
    for line in lines[1:]:
        if not line:
            break
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise _Refused(400)
        headers.append((name, value.strip()))
    return _Head(parts[0], parts[1], parts[2], headers)


def _rendered(answer: Outgoing, method: str, stays: bool) -> bytes:
    lines = [f"HTTP/1.1 {answer.status} {_reason(answer.status)}"]
    lines.extend(f"{name}: {_one_line(value)}" for name, value in answer.headers if name.lower() not in _OWN)
    if answer.status not in _NO_BODY:
        lines.append(f"Content-Length: {len(answer.body)}")
    lines.append(f"Date: {formatdate(usegmt=True)}")
    lines.append(f"Connection: {'keep-alive' if stays else 'close'}")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
    return head if method == "HEAD" or answer.status in _NO_BODY else head + answer.body


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _plain(status: int) -> bytes:
    return f"HTTP/1.1 {status} {_reason(status)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
