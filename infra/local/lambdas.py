"""Lambda: invocations run our own handler objects, in this process (LOC-04)."""

from __future__ import annotations

import contextvars
import json
import threading
import time
import traceback
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from chalicelib.platform import settings
from chalicelib.platform.aws import clients
from chalicelib.platform.function import Function
from infra.local.faults import ProcessGone
from infra.local.recorder import AwsCall, own_calls
from infra.local.wire import Reply

ACCOUNT = "123456789012"
POOL = 256


@dataclass
class LambdaContext:
    """What AWS hands a handler beside the event."""

    function_name: str
    memory_limit_in_mb: int
    timeout: float
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    function_version: str = "$LATEST"
    started: float = field(default_factory=time.monotonic)

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:{clients.region()}:{ACCOUNT}:function:{self.function_name}"

    @property
    def log_group_name(self) -> str:
        return f"/aws/lambda/{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function's time-out."""
        return max(0, int((self.timeout - (time.monotonic() - self.started)) * 1000))


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended: ``answer`` as JSON values, or ``error`` as Lambda reports one; and its AWS calls."""

    answer: Any = None
    error: dict[str, Any] | None = None
    calls: list[AwsCall] = field(default_factory=list)


class NoSuchFunction(Exception):
    """Nothing of that name is declared."""


class Lambdas:
    """All functions, by name and by the physical name of their Lambda."""

    def __init__(self, functions: Mapping[str, Function]) -> None:
        self.functions = dict(functions)
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self.running = 0

    def physical(self, function: Function) -> str:
        """The name of its Lambda in this stage."""
        return f"pathshala-{settings.STAGE()}-{function.name.replace('_', '-')}"

    def find(self, name: str) -> Function:
        """A function by its own name, its Lambda's, or an ARN; ``NoSuchFunction``."""
        short = unquote(name).rsplit(":", 1)[-1].removeprefix(f"pathshala-{settings.STAGE()}-").replace("-", "_")
        function = self.functions.get(short)
        if function is None:
            raise NoSuchFunction(name)
        return function

    def invoke(self, function: Function, event: Any) -> Outcome:
        """Run it in this thread, as Lambda does: JSON in, JSON out, an exception as an error."""
        given = json.loads(json.dumps(event))
        lambda_context = LambdaContext(self.physical(function), function.memory, function.timeout)
        calls: list[AwsCall] = []
        with self._lock:
            self.running += 1
        try:
            answer = contextvars.Context().run(_handled, function, given, lambda_context, calls)
            return Outcome(json.loads(json.dumps(answer)), calls=calls)
        except Exception as error:  # Lambda reports whatever a handler raises
            return Outcome(error=_reported(error), calls=calls)
        except ProcessGone:
            gone = {"errorType": "Runtime.ExitError", "errorMessage": "the process has ended before it answered"}
            return Outcome(error=gone, calls=calls)
        finally:
            with self._lock:
                self.running -= 1

    def invoke_within(self, function: Function, event: Any, seconds: float) -> Outcome:
        """Run it beside this thread and wait at most so long; ``TimeoutError`` after that (it goes on, unheard)."""
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(max_workers=POOL, thread_name_prefix="lambda")
            pool = self._pool
        try:
            return pool.submit(self.invoke, function, event).result(seconds)
        except TooLong as error:
            raise TimeoutError(function.name) from error

    def answer(self, request: Any) -> Reply:
        """Lambda's ``Invoke`` over the wire."""
        name = urlsplit(request.url).path.split("/")[3]
        try:
            function = self.find(name)
        except NoSuchFunction:
            body = json.dumps({"Type": "User", "Message": f"Function not found: {unquote(name)}"})
            return 404, {"x-amzn-ErrorType": "ResourceNotFoundException"}, body.encode()
        outcome = self.invoke(function, json.loads(request.body or b"{}"))
        headers = {"Content-Type": "application/json", "X-Amz-Executed-Version": "$LATEST"}
        if outcome.error is not None:
            return 200, {**headers, "X-Amz-Function-Error": "Unhandled"}, json.dumps(outcome.error).encode()
        return 200, headers, json.dumps(outcome.answer).encode()


def _handled(function: Function, given: Any, lambda_context: LambdaContext, calls: list[AwsCall]) -> Any:
    """The handler's answer; its AWS calls, those of its threads too, are noted in ``calls``."""
    own_calls.set(calls)
    return function(given, lambda_context)


def _reported(error: Exception) -> dict[str, Any]:
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }
