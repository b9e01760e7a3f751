"""The AWS of a laptop: moto in this process, our functions as its Lambdas, and what moves between them.

    emulator = Emulator(stage="test")
    emulator.start()              # creates the stage from the templates
    emulator.drain()              # pumps stream, queues and executions until idle
    emulator.fault("dynamodb", "TransactWriteItems", "ReadTimeout", after=True)
    emulator.reset()              # as after the start

One a process: botocore, the clock and the environment are the process's.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from chalicelib.platform import clock, registry, secrets
from chalicelib.platform.access import epoch
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.events import queues
from chalicelib.platform.function import Function
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.secrets import parameter_name
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local import aws_data, external, stack
from infra.local import secrets as local_secrets
from infra.local.aws_data import MotoTable
from infra.local.dynamodb_local import DynamoLocal, EngineMissing
from infra.local.faults import Fault, Faults
from infra.local.lambdas import Lambdas, Outcome
from infra.local.moto_aws import Moto, backend, waits
from infra.local.proxy import Routes, routes_of
from infra.local.pumps import Delivery, Pumps
from infra.local.recorder import Recorder
from infra.local.wire import Reply, Wire
from infra.package import fonts

REGION = "ap-south-1"
DRAIN_SECONDS = 60.0
MOTO, LOCAL = "moto", "dynamodb-local"
_STORES = frozenset({"PutObject", "CompleteMultipartUpload"})
_OK = 200
_TABLE_SERVICES = frozenset({"dynamodb", "dynamodbstreams"})
_ENVIRONMENT = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "local",
    "AWS_SECRET_ACCESS_KEY": "local-secret-access-key",
    "AWS_EC2_METADATA_DISABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
    "POWERTOOLS_METRICS_NAMESPACE": "Pathshala",
}


class NotIdle(Exception):
    """Work that did not end in time; says what was still running."""


@dataclass
class Drained:
    """What ``drain`` waited for."""

    deliveries: list[Delivery] = field(default_factory=list)
    executions: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Emulator:
    """``wait_scale`` multiplies the seconds that workflows wait; ``retry_seconds`` is a queue's first back-off.

    ``keep``: a folder in which the secrets, and DynamoDB Local's data, outlive the process.
    """

    def __init__(
        self, stage: str, *, wait_scale: float = 1.0, retry_seconds: float = 1.0, keep: Path | None = None
    ) -> None:
        self.stage = stage
        self.keep = keep
        self.wait_scale = wait_scale
        self.calls = Recorder()
        self.faults = Faults()
        self.moto = Moto()
        self.engine = os.environ.get("ENGINE", MOTO)
        self.remote = external.Endpoint() if external.chosen() else None
        self.data: Any = external.RemoteData() if self.remote else aws_data
        self.table: MotoTable | DynamoLocal | external.RemoteTable = (
            external.RemoteTable() if self.remote else MotoTable()
        )
        self.lambdas = Lambdas({})
        self.pumps = Pumps(self.lambdas, retry_seconds=retry_seconds)
        self.created = stack.Stage()
        self.routes = Routes({})
        self.secrets: dict[str, str] = {}
        self.found_data = False
        self.wire = Wire(self._answer, self.calls, self.faults)
        self.on_send: Callable[[str, str, bytes], None] | None = None
        self.on_stored: Callable[[str], None] | None = None
        self._draining = threading.Lock()

    def start(self) -> None:
        """Create the stage. Raises what the template raises, naming the resource."""
        os.environ["STAGE"] = self.stage
        for name, value in _ENVIRONMENT.items():
            # An endpoint of somebody else may want keys and a region of its own.
            os.environ[name] = os.environ.get(name, value) if self.remote else value
        clients.forget()
        queues.forget()
        secrets.forget()
        if self.remote is None:
            self.moto.start(self.wait_scale)
            self.pumps.holds = self.moto.holds_messages
        self.wire.install(self.moto.handler)
        self.lambdas.functions.update(registry.load_all())
        self.created = stack.create(self.stage, self.lambdas.functions)
        for name, value in {**self.created.environment, "TYPESETTING_FONTS": str(fonts.folder())}.items():
            os.environ.setdefault(name, value)
        self.routes = self._routes()
        if self.remote is None:
            self._own_triggers()
            self.found_data = self._use_engine()
        self.secrets = local_secrets.kept(self.keep) if self.keep else local_secrets.make()
        local_secrets.store(self.secrets)
        if self.remote is None:
            self.pumps.reset()
        self.calls.clear()

    def _use_engine(self) -> bool:
        """Move the table to DynamoDB Local if that is the engine; whether it held data already."""
        if self.engine == MOTO:
            return False
        if self.engine != LOCAL:
            raise EngineMissing(f"ENGINE is {MOTO} or {LOCAL}, not {self.engine}")
        dynamodb = clients.dynamodb()
        described = dynamodb.describe_table(TableName=TABLE_NAME())["Table"]
        ttl = dynamodb.describe_time_to_live(TableName=TABLE_NAME())["TimeToLiveDescription"]
        local = DynamoLocal(self.keep / "dynamodb" if self.keep else None)
        local.start()
        there = local.adopt(described, ttl["AttributeName"])
        self.table = local
        return there

    def _routes(self) -> Routes:
        functions = self.lambdas.functions.values()
        endpoints = {self.lambdas.physical(one): one for one in functions if isinstance(one, Endpoint)}
        return routes_of(self.created.definition, endpoints)

    def _own_triggers(self) -> None:
        """Streams and queues are pumped here; moto must not invoke on its own."""
        self.pumps.sources = self.created.sources
        for table in backend("dynamodb").tables.values():
            table.lambda_event_source_mappings.clear()
        for queue in backend("sqs").queues.values():
            queue.lambda_event_source_mappings.clear()

    def stop(self) -> None:
        """End, with everything in it."""
        self.wire.remove(self.moto.handler)
        if self.remote is None:
            self.moto.stop()
        self.stop_engine()
        clients.forget()

    def stop_engine(self) -> None:
        """End DynamoDB Local, if it is the engine; its data stays."""
        if isinstance(self.table, DynamoLocal):
            self.table.stop()

    def _answer(self, service: str, operation: str, request: Any) -> Reply | None:
        if self.remote is not None:
            return self.remote.answer(request)
        if service == "lambda" and operation == "Invoke":
            return self.lambdas.answer(request)
        if self.on_send is not None and service in ("ses", "sns"):
            self.on_send(service, operation, request.body)
        if service in _TABLE_SERVICES and isinstance(self.table, DynamoLocal):
            return self.table.answer(operation, request)
        reply = self.moto.answer(service, operation, request)
        if self.on_stored is not None and service == "s3" and operation in _STORES and reply and reply[0] == _OK:
            where = urlsplit(request.url)
            if where.netloc.startswith(f"{BUCKET_NAME()}."):
                self.on_stored(unquote(where.path.lstrip("/")))
        return reply

    def serve(self, service: str, operation: str, request: Any) -> Reply | None:
        """Answer a request that came over a port of ours instead of through botocore."""
        lock = self.wire.lock_of(service)
        if lock is None:
            return self._answer(service, operation, request)
        with lock:
            return self._answer(service, operation, request)

    # What tests and the control API do.

    def function(self, name: str) -> Function:
        """A declared function by its name."""
        return self.lambdas.find(name)

    def invoke(self, name: str, event: Any = None) -> Outcome:
        """Run a function as Lambda does."""
        return self.lambdas.invoke(self.lambdas.find(name), event or {})

    def fault(
        self,
        service: str,
        operation: str,
        error: str,
        *,
        times: int = 1,
        after: bool = False,
        reasons: tuple[str, ...] = (),
        skip: int = 0,
        function: str | None = None,
    ) -> None:
        """The next matching calls fail (see ``Fault``)."""
        self.faults.add(Fault(service, operation, error, times, after, reasons, skip, function))

    def advance(self, seconds: float) -> None:
        """Move the backend's clock."""
        clock.advance(seconds)

    def executions(self, status: str | None = None) -> list[dict[str, Any]]:
        """All executions, newest first: ``{arn, workflow, name, status, input, output, error, startedAt, …}``."""
        found: list[dict[str, Any]] = self.data.executions(status)
        return found

    def drain(self, seconds: float = DRAIN_SECONDS, *, executions: bool = True) -> Drained:
        """Pump stream and queues until nothing moves; ``NotIdle`` when it takes longer.

        Executions end; where waits are real seconds, those that wait look once more at once, and may then wait on.
        ``executions=False`` leaves them to run on.
        """
        began, drained = time.monotonic(), Drained()
        real = executions and self.wait_scale == 1.0
        with self._draining, _looking_once_more(real):
            while True:
                delivered = self.pumps.turn()
                drained.deliveries.extend(delivered)
                running = [one["arn"] for one in self.executions("RUNNING")] if executions else []
                drained.executions.extend(arn for arn in running if arn not in drained.executions)
                if not delivered and len(running) <= (waits.idle() if real else 0) and not self._moving():
                    break
                if time.monotonic() - began > seconds:
                    raise NotIdle(
                        f"still running after {seconds:.0f} s: {running or [one.source for one in delivered]}"
                    )
                if not delivered:
                    _pause()
        drained.seconds = time.monotonic() - began
        return drained

    def _moving(self) -> bool:
        """Whether the stream or a queue holds something that was not settled yet."""
        return self.remote is None and (self.pumps.pending() or self.pumps.retrying())

    def reset(self, *, ahead: float = 0) -> None:
        """An empty stage: no items, objects, messages, executions, faults; the secrets of the start; the clock so many
        seconds ahead of the real time.
        """
        self.faults.clear()
        clock.reset()
        clock.advance(ahead)
        self.data.forget_executions()
        lock = self.wire.lock_of("dynamodb")
        assert lock is not None
        with lock:
            self.table.empty()
        self.data.empty_bucket()
        self.data.empty_queues()
        self._restore_secrets()
        epoch.keep(None)
        if self.remote is None:
            self.pumps.reset()
        self.calls.clear()

    def _restore_secrets(self) -> None:
        changed = [call for call in self.calls if call.service == "ssm" and not call.operation.startswith("Get")]
        if changed:
            local_secrets.store(self.secrets)
            secrets.forget()

    # Looking into the emulated AWS from outside, past the recorder.

    def items(self, pk: str | None = None) -> list[dict[str, Any]]:
        """The stored items as DynamoDB JSON, of one partition or all: for assertions."""
        found = [item for item in self.table.items() if pk is None or item["pk"]["S"] == pk]
        return sorted(found, key=lambda one: (one["pk"]["S"], one["sk"]["S"]))

    def objects(self) -> dict[str, bytes]:
        """The newest version of every object in the bucket, by key."""
        found: dict[str, bytes] = self.data.objects()
        return found

    def messages(self, queue: str) -> list[Any]:
        """Bodies of the messages in a queue (``payment-events``), taken or not; ``<name>-dlq``: its dead letters."""
        found: list[Any] = self.data.messages(f"pathshala-{self.stage}-{queue}")
        return found

    def secret(self, name: str) -> str:
        """The value of a secret."""
        return self.secrets[name]

    def put_secret(self, name: str, value: str) -> None:
        """Change a secret, as a rotation does; containers that know the old one keep it until they ask again."""
        clients.ssm().put_parameter(Name=parameter_name(name), Value=value, Type="SecureString", Overwrite=True)


_tick = threading.Event()


def _pause() -> None:
    _tick.wait(0.01)


@contextlib.contextmanager
def _looking_once_more(real: bool) -> Iterator[None]:
    if real:
        waits.begin()
    try:
        yield
    finally:
        waits.end()
