"""AWS answered from memory: botocore's own work on both ends of a call is real, nothing is in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from botocore import handlers as botocore_handlers
from botocore.awsrequest import AWSResponse

from chalicelib.platform.aws import clients
from infra.local.targets import service_name
from infra.local.wire import Reply, Wire
from tests.benchmarks.samples import Exchange


class _Body(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        while chunk := self.read(65_536):
            yield chunk


class Canned:
    """Gives every call the answer that the same operation got, in their order, round and round."""

    def __init__(self) -> None:
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        self._next: dict[tuple[str, str], int] = {}

    def load(self, exchanges: Sequence[Exchange]) -> None:
        """Answer as in these exchanges from now on."""
        self._replies.clear()
        self._next.clear()
        for one in exchanges:
            self._replies.setdefault((one.service, one.operation), []).append(one.reply)

    def __call__(self, event_name: str, request: Any, **_: Any) -> AWSResponse:
        _, service_id, operation = event_name.split(".", 2)
        name = (service_name(service_id), operation)
        replies = self._replies[name]
        turn = self._next.get(name, 0)
        self._next[name] = (turn + 1) % len(replies)
        status, headers, content = replies[turn]
        return AWSResponse(request.url, status, headers, _Body(content))


@contextmanager
def canned() -> Iterator[Canned]:
    """Stand in for AWS: clients that are built inside are answered from memory."""
    known = list(botocore_handlers.BUILTIN_HANDLERS)
    memory = Canned()
    kept = [entry for entry in known if entry[0] != "before-send" or not isinstance(entry[1], Wire)]
    botocore_handlers.BUILTIN_HANDLERS[:] = [*kept, ("before-send", memory)]
    clients.forget()
    try:
        yield memory
    finally:
        botocore_handlers.BUILTIN_HANDLERS[:] = known
        clients.forget()
