"""The AWS of a laptop: moto in this process, our functions as its Lambdas, and what moves between them.

    emulator = Emulator(stage="test")
    emulator.start()              # creates the stage from the templates
    emulator.drain()              # pumps stream, queues and executions until idle
    emulator.fault("dynamodb", "TransactWriteItems", "ReadTimeout", after=True)
    emulator.reset()              # as after the start

One a process: botocore, the clock and the environment are the process's.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.platform import clock, registry, secrets
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.events import queues
from chalicelib.platform.function import Function
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.secrets import parameter_name
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local import secrets as local_secrets
from infra.local import stack
from infra.local.faults import Fault, Faults
from infra.local.lambdas import Lambdas, Outcome
from infra.local.moto_aws import Moto, backend
from infra.local.proxy import Routes, routes_of
from infra.local.pumps import Delivery, Pumps
from infra.local.recorder import Recorder
from infra.local.wire import Reply, Wire

REGION = "ap-south-1"
DRAIN_SECONDS = 60.0
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
    """``wait_scale`` multiplies the seconds that workflows wait; ``retry_seconds`` is a queue's first back-off."""

    def __init__(self, stage: str, *, wait_scale: float = 1.0, retry_seconds: float = 1.0) -> None:
        self.stage = stage
        self.wait_scale = wait_scale
        self.calls = Recorder()
        self.faults = Faults()
        self.moto = Moto()
        self.lambdas = Lambdas({})
        self.pumps = Pumps(self.lambdas, retry_seconds=retry_seconds)
        self.created = stack.Stage()
        self.routes = Routes({})
        self.secrets: dict[str, str] = {}
        self.wire = Wire(self._answer, self.calls, self.faults)
        self.on_send: Callable[[str, str, bytes], None] | None = None
        self._draining = threading.Lock()

    def start(self) -> None:
        """Create the stage. Raises what the template raises, naming the resource."""
        os.environ.update({"STAGE": self.stage, **_ENVIRONMENT})
        clients.forget()
        queues.forget()
        secrets.forget()
        self.moto.start(self.wait_scale)
        self.wire.install(self.moto.handler)
        self.lambdas.functions.update(registry.load_all())
        self.created = stack.create(self.stage, self.lambdas.functions)
        for name, value in self.created.environment.items():
            os.environ.setdefault(name, value)
        self.routes = self._routes()
        self._own_triggers()
        self.secrets = local_secrets.make()
        local_secrets.store(self.secrets)
        self.pumps.reset()
        self.calls.clear()

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
        self.moto.stop()
        clients.forget()

    def _answer(self, service: str, operation: str, request: Any) -> Reply | None:
        if service == "lambda" and operation == "Invoke":
            return self.lambdas.answer(request)
        if self.on_send is not None and service in ("ses", "sns"):
            self.on_send(service, operation, request.body)
        return self.moto.answer(service, operation, request)

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
        found = [
            _execution(machine, execution)
            for machine in backend("stepfunctions").state_machines
            for execution in list(machine.executions)
            if status is None or execution.exec_status == status
        ]
        return sorted(found, key=lambda one: str(one["startedAt"]), reverse=True)

    def drain(self, seconds: float = DRAIN_SECONDS) -> Drained:
        """Pump stream and queues and wait for executions until nothing moves. ``NotIdle`` when it takes longer."""
        began, drained = time.monotonic(), Drained()
        with self._draining:
            while True:
                delivered = self.pumps.turn()
                drained.deliveries.extend(delivered)
                running = [one["arn"] for one in self.executions("RUNNING")]
                drained.executions.extend(arn for arn in running if arn not in drained.executions)
                if not delivered and not running and not self.pumps.pending() and not self.pumps.retrying():
                    break
                if time.monotonic() - began > seconds:
                    raise NotIdle(
                        f"still running after {seconds:.0f} s: {running or [one.source for one in delivered]}"
                    )
                if not delivered:
                    _pause()
        drained.seconds = time.monotonic() - began
        return drained

    def reset(self) -> None:
        """An empty stage: no items, objects, messages, executions, faults; the real time; the secrets of the start."""
        self.faults.clear()
        clock.reset()
        for execution in _running():
            execution.stop(stop_date=None, error="reset", cause=None)
        for machine in backend("stepfunctions").state_machines:
            machine.executions.clear()
        self._empty_table()
        bucket = backend_s3().buckets[BUCKET_NAME()]
        bucket.keys.clear()
        bucket.multiparts.clear()
        for queue in backend("sqs").queues.values():
            queue._messages.clear()
            queue._pending_messages.clear()
            queue.deleted_messages.clear()
        self._restore_secrets()
        self.pumps.reset()
        self.calls.clear()

    def _empty_table(self) -> None:
        lock = self.wire.lock_of("dynamodb")
        assert lock is not None
        with lock:
            table = backend("dynamodb").tables[TABLE_NAME()]
            table.items.clear()
            if table.stream_shard is not None:
                table.stream_shard.starting_sequence_number += len(table.stream_shard.items)
                table.stream_shard.items.clear()

    def _restore_secrets(self) -> None:
        changed = [call for call in self.calls if call.service == "ssm" and not call.operation.startswith("Get")]
        if changed:
            local_secrets.store(self.secrets)
            secrets.forget()

    # Looking into the emulated AWS from outside, past the recorder.

    def items(self, pk: str | None = None) -> list[dict[str, Any]]:
        """The stored items as DynamoDB JSON, of one partition or all: for assertions."""
        table = backend("dynamodb").tables[TABLE_NAME()]
        found = [
            item.to_json()["Attributes"]
            for partition in list(table.items.values())
            for item in list(partition.values())
            if pk is None or item.hash_key.value == pk
        ]
        return sorted(found, key=lambda one: (one["pk"]["S"], one["sk"]["S"]))

    def messages(self, queue: str) -> list[Any]:
        """Bodies of the messages in a queue (``payment-events``), taken or not; ``<name>-dead``: its dead letters."""
        name = f"pathshala-{self.stage}-{queue}"
        return [json.loads(message.body) for message in backend("sqs").queues[name]._messages]

    def secret(self, name: str) -> str:
        """The value of a secret."""
        return self.secrets[name]

    def put_secret(self, name: str, value: str) -> None:
        """Change a secret, as a rotation does; containers that know the old one keep it until they ask again."""
        clients.ssm().put_parameter(Name=parameter_name(name), Value=value, Type="SecureString", Overwrite=True)


def backend_s3() -> Any:
    """moto's S3, which is global."""
    from moto.backends import get_backend

    return get_backend("s3")["123456789012"]["aws"]


def _running() -> list[Any]:
    machines = backend("stepfunctions").state_machines
    return [one for machine in machines for one in machine.executions if one.exec_status == "RUNNING"]


def _execution(machine: Any, execution: Any) -> dict[str, Any]:
    started, stopped = execution.start_date, getattr(execution, "stop_date", None)
    return {
        "arn": execution.exec_arn,
        "workflow": machine.name,
        "name": execution.name,
        "status": execution.exec_status,
        "input": execution.input_data,
        "output": getattr(execution, "output", None),
        "error": getattr(execution, "error", None),
        "cause": getattr(execution, "cause", None),
        "startedAt": clock.iso(started) if started else None,
        "stoppedAt": clock.iso(stopped) if stopped else None,
    }


_tick = threading.Event()


def _pause() -> None:
    _tick.wait(0.01)
