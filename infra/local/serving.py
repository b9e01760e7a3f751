"""The three ports of a running local cloud."""

from __future__ import annotations

import time

from infra.local.control import Control
from infra.local.gateway import MAX_REQUEST_BYTES
from infra.local.httpd import Server, allow_many_connections, listen
from infra.local.proxy import Incoming, Outgoing
from infra.local.running import Ports, Running
from infra.local.storage_door import MAX_BODY

HOST = "127.0.0.1"
API_THREADS = 128
STORAGE_THREADS = 16


class Serving:
    """Ports are taken before anything else starts; ``start`` returns when all of them answer and the demo is loaded."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.running = Running(ports)
        self._servers: list[Server] = []
        self.loaded_seconds = 0.0

    def start(self) -> None:
        """Raises ``PortInUse`` or ``StackFailed``; nothing runs then."""
        from infra.local.demo import academy

        allow_many_connections()
        api = listen(HOST, self.ports.api, "PORT")
        storage = listen(HOST, self.ports.storage, "MOTO_PORT")
        # The simulator takes its port itself; asking first keeps the error the same and before everything else.
        listen(HOST, self.ports.phonepe, "PHONEPE_PORT").close()
        running = self.running
        running.start()
        self._control = Control(running)
        self._servers = [
            Server(api, self.answer, threads=API_THREADS, max_body=MAX_REQUEST_BYTES),
            Server(storage, running.door.answer, threads=STORAGE_THREADS, max_body=MAX_BODY),
        ]
        for server in self._servers:
            server.start()
        began = time.monotonic()
        running.accounts = academy.load(running)
        self.loaded_seconds = time.monotonic() - began
        running.move()

    def answer(self, incoming: Incoming) -> Outgoing:
        """One request on the API's port."""
        if self._control.takes(incoming):
            return self._control.answer(incoming)
        return self.running.gateway.answer(incoming)

    def stop(self) -> None:
        """Close the ports."""
        from infra.local.demo import snapshot

        for server in self._servers:
            server.stop()
        snapshot.keep_objects(self.running)
        self.running.stop()
