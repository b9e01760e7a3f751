"""Faults of AWS to order (LOC-11): the next matching calls fail, before or after they take effect."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from infra.local.targets import service_name

ANY = "*"

CONFLICT = "TransactionConflict"
READ_TIMEOUT = "ReadTimeout"
CONNECT_TIMEOUT = "ConnectTimeout"
UNREACHABLE = "Unreachable"
GONE = "Gone"
THROTTLING = "Throttling"

_SERVER_ERRORS = frozenset({"InternalServerError", "InternalError", "ServiceUnavailable", "InternalFailure"})
_THROTTLED = {
    "dynamodb": "ProvisionedThroughputExceededException",
    "s3": "SlowDown",
    "sqs": "RequestThrottled",
}
_PREFIXES = {"dynamodb": "com.amazonaws.dynamodb.v20120810#", "sqs": "com.amazonaws.sqs#"}


class ProcessGone(BaseException):
    """The process that made a call is no more: nothing of it runs any further, whatever it meant to catch."""


@dataclass
class Fault:
    """The next ``times`` calls of ``service`` and ``operation`` (``*``: any) answer ``error``.

    ``error``: ``ReadTimeout``, ``ConnectTimeout`` and ``Unreachable`` (the connection fails), ``Throttling`` (as the
    service names it), ``TransactionConflict``, ``Gone`` (the caller's process ends there), or any code that the service
    answers (``InternalServerError`` → 500, all others 400). ``after``: the call takes effect and its answer is lost.
    ``reasons``: the codes of a ``TransactionCanceledException``. ``skip``: so many matching calls pass first.
    ``function``: only calls of that one.
    """

    service: str
    operation: str
    error: str
    times: int = 1
    after: bool = False
    reasons: tuple[str, ...] = ()
    skip: int = 0
    function: str | None = None

    def __post_init__(self) -> None:
        self.service = self.service if self.service == ANY else service_name(self.service)

    def fits(self, service: str, operation: str, function: str) -> bool:
        """Whether it is meant for this call."""
        return (
            self.service in (ANY, service) and self.operation in (ANY, operation) and self.function in (None, function)
        )


@dataclass
class Faults:
    """The faults that are still to come. ``killed``: whether one of them has ended a process."""

    killed: bool = False
    _waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, fault: Fault) -> None:
        """Order a fault."""
        with self._lock:
            self._waiting.append(fault)

    def clear(self) -> None:
        """No more faults."""
        with self._lock:
            self._waiting.clear()
            self.killed = False

    def pending(self) -> list[Fault]:
        """What has not happened yet."""
        with self._lock:
            return list(self._waiting)

    def take(self, service: str, operation: str, function: str) -> Fault | None:
        """The fault of this call, if there is one; counts it."""
        with self._lock:
            for fault in self._waiting:
                if not fault.fits(service, operation, function):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                self.killed = self.killed or fault.error == GONE
                return fault
        return None


def failure(fault: Fault, service: str, url: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """The answer of the failed call; raises what botocore sees when a connection fails."""
    if fault.error in (READ_TIMEOUT, "Timeout"):
        raise ReadTimeoutError(endpoint_url=url)
    if fault.error == CONNECT_TIMEOUT:
        raise ConnectTimeoutError(endpoint_url=url)
    if fault.error == UNREACHABLE:
        raise EndpointConnectionError(endpoint_url=url)
    if fault.error == GONE:
        raise ProcessGone
    code = fault.error
    if code == THROTTLING:
        code = _THROTTLED.get(service, "ThrottlingException")
    status = 500 if code in _SERVER_ERRORS else 400
    if service == "s3":
        status = 503 if code == "SlowDown" else status
        return _xml(status, code)
    more: dict[str, Any] = {}
    if code == CONFLICT or fault.reasons:
        code, more = _cancelled(fault, body)
    answer = {"__type": _PREFIXES.get(service, "") + code, "message": f"injected {code}", **more}
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-ErrorType": code}
    return status, headers, json.dumps(answer).encode()


def _cancelled(fault: Fault, body: bytes) -> tuple[str, dict[str, Any]]:
    """A conflict: of a transaction with a reason for each action, of a single write as its own exception."""
    try:
        actions = len(json.loads(body).get("TransactItems", []))
    except ValueError:
        actions = 0
    if not actions:
        return "TransactionConflictException", {}
    reasons = fault.reasons or (CONFLICT,)
    codes = [*reasons, *["None"] * (actions - len(reasons))][:actions]
    return "TransactionCanceledException", {"CancellationReasons": [{"Code": code} for code in codes]}


def _xml(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
    text = f"<Error><Code>{escape(code)}</Code><Message>injected</Message></Error>"
    return status, {"Content-Type": "application/xml"}, text.encode()
