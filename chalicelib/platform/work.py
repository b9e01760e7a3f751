"""Declarations of what runs without a request: jobs, workflow tasks, event consumers, queue workers.

    @job("reconcile-payments", every=Rate(minutes=1), grants=[...])
    def reconcile_payments(run: JobRun) -> Summary: ...

    @task(grants=[...])                       # a state of a workflow; its definition names the function
    def check_order(given: CheckInput) -> CheckResult: ...

    @consumer(on=[OrderPlaced], grants=[...]) # own queue and dead-letter queue
    def follow_order(event: OrderPlaced) -> None: ...

    @worker(Queues.PAYMENT_EVENTS, grants=[...])
    def process_payment_event(message: PaymentEventMessage) -> None: ...

Each may run twice for one cause; consumers and workers report partial batch failures. One that raises ``Later`` has
its message again after as many seconds as it says.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, get_type_hints

from pydantic import BaseModel

from chalicelib.platform import context, registry, shapes
from chalicelib.platform.events.domain import DomainEvent
from chalicelib.platform.events.queues import Queue, postpone
from chalicelib.platform.function import Function
from chalicelib.platform.grants import Grant
from chalicelib.platform.logs import logger, unexpected
from chalicelib.platform.records import frozen
from chalicelib.platform.store import meter


@frozen
class Rate:
    """Every so many minutes."""

    minutes: int

    @property
    def expression(self) -> str:
        """For EventBridge."""
        return f"rate({self.minutes} minute{'s' if self.minutes > 1 else ''})"


@frozen
class Cron:
    """At times of the academy's day: ``minute hour day-of-month month day-of-week year`` in its time zone."""

    fields: str

    @property
    def expression(self) -> str:
        """For EventBridge Scheduler, which knows time zones."""
        return f"cron({self.fields})"


@frozen
class JobRun:
    """One run of a job: ``given`` is what a person or a continuation passed; empty from the schedule."""

    given: dict[str, Any]
    remaining: Callable[[], float]


def _measured(function: Function, request_id: str | None, lambda_context: Any, work: Callable[[], Any]) -> Any:
    started = time.perf_counter()
    measure = meter.start()
    run = context.enter(function.name, request_id, lambda_context)
    failed = True
    try:
        answer = work()
        failed = False
        return answer
    finally:
        logger.info(
            "run",
            requestId=run.request_id,
            function=function.name,
            failed=failed,
            durationMs=round((time.perf_counter() - started) * 1000, 2),
            roundTrips=measure.round_trips,
            units=measure.units,
            **run.fields,
        )


def _plain(answer: Any) -> Any:
    return answer.model_dump(mode="json", by_alias=True) if isinstance(answer, BaseModel) else answer


class Job(Function):
    """Runs on a schedule and on demand; answers a summary."""

    def __init__(self, work: Callable[..., Any], name: str, every: Rate | Cron | None, **declaration: Any) -> None:
        super().__init__(work, **declaration)
        self.job = name
        self.every = every
        self.place = f"job {name}"
        self.register()

    def __call__(self, event: dict[str, Any], lambda_context: Any) -> Any:
        given = event.get("given", {}) if isinstance(event, dict) else {}

        def work() -> Any:
            run = context.current()
            summary = _plain(self.work(JobRun(dict(given), run.remaining)))
            run.fields["summary"] = summary
            return summary

        return _measured(self, None, lambda_context, work)


class Task(Function):
    """One state of a workflow: a model in, a model out; an exception's class name is the state's error."""

    def __init__(self, work: Callable[..., Any], **declaration: Any) -> None:
        super().__init__(work, **declaration)
        self.given: type[BaseModel] = get_type_hints(work)["given"]
        self.place = f"task {self.name}"
        self.register()

    def prepare(self) -> None:
        shapes.build(self.given)

    def __call__(self, event: dict[str, Any], lambda_context: Any) -> Any:
        return _measured(
            self,
            event.get("requestId") if isinstance(event, dict) else None,
            lambda_context,
            lambda: _plain(self.work(self.given.model_validate(event))),
        )


class Later(Exception):
    """A message could not be worked through now: it comes again in so many seconds (at most 12 hours), or, when it came
    as often as its queue allows, goes to the dead-letter queue.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} s")
        self.seconds = seconds


class _Batch(Function):
    """Takes SQS batches; each message alone, failures reported alone."""

    queue: Queue

    def handle_message(self, body: dict[str, Any]) -> None:
        raise TypeError(f"{type(self).__name__} does not say how a message is handled")

    def __call__(self, event: dict[str, Any], lambda_context: Any) -> dict[str, Any]:
        failures: list[dict[str, str]] = []
        for record in event["Records"]:
            if failures and self.queue.fifo:
                # What stands behind a failed one in an ordered queue waits for it.
                failures.append({"itemIdentifier": record["messageId"]})
                continue
            try:
                body: dict[str, Any] = json.loads(record["body"])
                _measured(self, body.get("requestId"), lambda_context, partial(self.handle_message, body))
            except Later as later:
                postpone(self.queue, record["receiptHandle"], later.seconds)
                failures.append({"itemIdentifier": record["messageId"]})
            except Exception as error:  # noqa: BLE001  # one poisoned message must not hold up its batch
                unexpected(error)
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}


class Consumer(_Batch):
    """Reacts to domain events; has its own queue, named after it."""

    def __init__(
        self, work: Callable[..., Any], on: Sequence[type[DomainEvent]], batch: int, **declaration: Any
    ) -> None:
        super().__init__(work, **{"timeout": 60, **declaration})
        self.on = tuple(on)
        self.batch = batch
        self.queue = Queue(self.name.replace("_", "-"), visibility=6 * self.timeout, receives=5)
        self.place = f"consumer {self.name}"
        self.register()

    def prepare(self) -> None:
        shapes.build(*self.on)

    def handle_message(self, body: dict[str, Any]) -> None:
        kinds = {kind.__name__: kind for kind in self.on}
        self.work(kinds[body["event"]].model_validate(body["data"]))


class Worker(_Batch):
    """Works through a queue of messages; ``at_once``: at most so many containers at it (None: as many as it takes)."""

    def __init__(
        self, work: Callable[..., Any], queue: Queue, batch: int, at_once: int | None, **declaration: Any
    ) -> None:
        super().__init__(work, **{"timeout": 50, **declaration})
        self.queue = queue
        self.batch = batch
        self.at_once = at_once
        self.message: type[BaseModel] = get_type_hints(work)["message"]
        self.place = f"worker {queue.name}"
        self.register()

    def prepare(self) -> None:
        shapes.build(self.message)

    def handle_message(self, body: dict[str, Any]) -> None:
        self.work(self.message.model_validate(body["data"]))


class Stream(Function):
    """Reads the table's stream; ``work`` takes one raw record. A failing record holds up its shard until it passes."""

    def __init__(self, work: Callable[..., Any], batch: int, **declaration: Any) -> None:
        super().__init__(work, **{"timeout": 60, **declaration})
        self.batch = batch
        self.place = "stream"
        self.register()

    def __call__(self, event: dict[str, Any], lambda_context: Any) -> dict[str, Any]:
        records: list[dict[str, Any]] = event["Records"]
        for record in records:
            try:
                _measured(self, None, lambda_context, lambda record=record: self.work(record))  # type: ignore[misc]
            except Exception as error:  # noqa: BLE001  # order matters: stop here, the rest comes again
                unexpected(error)
                sequence = record["dynamodb"]["SequenceNumber"]
                return {"batchItemFailures": [{"itemIdentifier": sequence}]}
        return {"batchItemFailures": []}


def job(name: str, *, every: Rate | Cron | None = None, **declaration: Any) -> Callable[..., Job]:
    """Declare a job; ``declaration``: ``grants``, ``memory``, ``timeout`` (seconds), ``concurrency``."""
    return lambda work: Job(work, name, every, **declaration)


def task(**declaration: Any) -> Callable[..., Task]:
    """Declare a workflow task; its parameter is ``given``."""
    return lambda work: Task(work, **declaration)


def consumer(*, on: Sequence[type[DomainEvent]], batch: int = 10, **declaration: Any) -> Callable[..., Consumer]:
    """Declare a consumer of domain events; its parameter is ``event``."""
    return lambda work: Consumer(work, on, batch, **declaration)


def worker(queue: Queue, *, batch: int = 10, at_once: int | None = None, **declaration: Any) -> Callable[..., Worker]:
    """Declare a worker of a queue; its parameter is ``message``."""
    return lambda work: Worker(work, queue, batch, at_once, **declaration)


def stream(*, batch: int = 100, **declaration: Any) -> Callable[..., Stream]:
    """Declare the reader of the table's stream."""
    return lambda work: Stream(work, batch, **declaration)


def event_routes() -> dict[str, list[str]]:
    """Event name → names of the queues of its consumers, from the declarations: what the stream's router is given."""
    found: dict[str, list[str]] = {}
    for one in registry.of(Consumer):
        for kind in one.on:
            found.setdefault(kind.__name__, []).append(one.queue.name)
    return found


__all__ = ["Cron", "Grant", "JobRun", "Later", "Rate", "consumer", "event_routes", "job", "stream", "task", "worker"]
