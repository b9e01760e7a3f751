"""The wire between this process and AWS: every call of botocore passes here before anything answers it.

A handler of botocore's ``before-send`` stands in moto's place: it orders the calls of one service (LOC-06), injects
faults, records, answers invocations of our own functions, and hands the rest to whoever plays AWS.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from io import BytesIO
from typing import Any

from botocore import handlers as botocore_handlers
from botocore.awsrequest import AWSResponse

from chalicelib.platform import context
from infra.local.faults import Fault, Faults, ProcessGone, failure
from infra.local.recorder import AwsCall, Recorder, own_calls
from infra.local.targets import service_name, target_of

Reply = tuple[int, dict[str, str], bytes]
Backend = Callable[[str, str, Any], Reply | None]
"""Answers a call (service, operation, botocore's prepared request); None: it is really sent."""

_UNITS = re.compile(rb'"CapacityUnits":\s*([0-9.]+)')
_TYPE = re.compile(rb'"__type":\s*"(?:[^"#]*#)?([^"]+)"|<Code>([^<]+)</Code>')
_ERRORS_FROM = 300


class _Body(BytesIO):
    """A response body as botocore streams it."""

    def stream(self, **_: Any) -> Any:
        while chunk := self.read(65_536):
            yield chunk


class Wire:
    """Installed once a process; ``backend`` is who plays AWS."""

    def __init__(self, backend: Backend, recorder: Recorder, faults: Faults) -> None:
        self.backend = backend
        self.recorder = recorder
        self.faults = faults
        self._locks = {name: threading.RLock() for name in ("dynamodb", "sqs", "ssm", "states", "s3")}

    def install(self, instead_of: object | None) -> None:
        """Take the place of moto's handler, for all sessions made from now on."""
        own = ("before-send", self)
        kept = [entry for entry in botocore_handlers.BUILTIN_HANDLERS if not _replaced(entry, instead_of)]
        botocore_handlers.BUILTIN_HANDLERS[:] = [*kept, own]

    def remove(self, instead_of: object | None) -> None:
        """Put moto's handler back."""
        kept = [entry for entry in botocore_handlers.BUILTIN_HANDLERS if entry[1] is not self]
        restored = [("before-send", instead_of)] if instead_of is not None else []
        botocore_handlers.BUILTIN_HANDLERS[:] = [*kept, *restored]

    def lock_of(self, service: str) -> threading.RLock | None:
        """What serializes the calls of a service; the table and its stream share one."""
        return self._locks.get("dynamodb" if service == "dynamodbstreams" else service)

    def __call__(self, event_name: str, request: Any, **more: Any) -> AWSResponse | None:
        service_id, operation = event_name.split(".")[1:3]
        service = service_name(service_id)
        run = context.current()
        self._bury()
        fault = self.faults.take(service, operation, run.function)
        number, at, started = self.recorder.next_number(), time.time(), time.perf_counter()
        body = _bytes(request.body)
        outcome, units = "failed", 0.0
        try:
            reply = self._answer(service, operation, request, body, fault)
            if reply is None:
                outcome = "ok"
                return None
            status, headers, content = reply
            outcome, units = _outcome(status, content), _units(service, content)
            return AWSResponse(request.url, status, headers, _Body(content))
        except (Exception, ProcessGone) as error:
            outcome = type(error).__name__
            raise
        finally:
            self.recorder.add(
                AwsCall(
                    number,
                    at,
                    run.function,
                    run.request_id,
                    service,
                    operation,
                    target_of(service, operation, request.url, body),
                    time.perf_counter() - started,
                    outcome,
                    units,
                    fault is not None,
                )
            )

    def _bury(self) -> None:
        """Of a process that is gone, no thread calls anything any more."""
        own = own_calls.get()
        if own and self.faults.killed and any(call.outcome == ProcessGone.__name__ for call in own):
            raise ProcessGone

    def _answer(self, service: str, operation: str, request: Any, body: bytes, fault: Fault | None) -> Reply | None:
        if fault is not None and not fault.after:
            return failure(fault, service, request.url, body)
        lock = self.lock_of(service)
        if lock is None:
            reply = self.backend(service, operation, request)
        else:
            with lock:
                reply = self.backend(service, operation, request)
        if fault is not None:
            return failure(fault, service, request.url, body)
        return reply


def _replaced(entry: Any, instead_of: object | None) -> bool:
    return entry[0] == "before-send" and (entry[1] is instead_of or isinstance(entry[1], Wire))


def _bytes(body: Any) -> bytes:
    if body is None:
        return b""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, (bytes, bytearray)) else b""


def _outcome(status: int, content: bytes) -> str:
    if status < _ERRORS_FROM:
        return "ok"
    match = _TYPE.search(content)
    return (match[1] or match[2]).decode() if match else str(status)


def _units(service: str, content: bytes) -> float:
    return sum(map(float, _UNITS.findall(content))) if service == "dynamodb" else 0.0
