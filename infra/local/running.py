"""The local cloud while it runs: the emulated AWS and everything around it."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.function import Function
from chalicelib.platform.work import Job
from infra.local import schedules
from infra.local.demo.accounts import Account
from infra.local.edge import Edge
from infra.local.emulator import Emulator
from infra.local.gateway import Gateway
from infra.local.journal import Journal
from infra.local.mailbox import Mailbox
from infra.local.phonepe import Simulator, SimulatorConfig
from infra.local.phonepe import start as start_simulator
from infra.local.scanner import Scanner
from infra.local.storage_door import StorageDoor
from infra.package import openapi

STAGE = "local"
STATE = Path(__file__).resolve().parents[2] / ".local"
DOCUMENT = openapi.ROOT / ".local" / "openapi.json"
"""The document of the declarations as they are now; what is committed may be older."""

TURN_SECONDS = 0.03
SCHEDULE_SECONDS = 1.0


class UnknownJob(Exception):
    """No job of that name is declared."""


@dataclass(frozen=True)
class Ports:
    """Where the local cloud listens."""

    api: int = 8000
    phonepe: int = 8001
    storage: int = 5000


class Running:
    """One local cloud a process. ``start`` makes it ready but for the HTTP ports and the demo academy."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.emulator = Emulator(STAGE, keep=STATE)
        self.journal = Journal()
        self.mailbox = Mailbox()
        self.edge = Edge()
        self.accounts: list[Account] = []
        self.moving = threading.Lock()
        """Held while the clock stands in the past: nothing may be pumped or scheduled by it meanwhile."""
        self._stopping = threading.Event()
        self._last_runs: dict[str, dict[str, Any]] = {}
        self._threads: list[threading.Thread] = []
        self._simulator: Simulator | None = None
        self.gateway = Gateway(self.emulator, self.journal, self.edge)
        self.door = StorageDoor(self.emulator)

    @property
    def simulator(self) -> Simulator:
        """The payment gateway."""
        assert self._simulator is not None
        return self._simulator

    def addresses(self) -> dict[str, str]:
        """``{apiUrl, consoleUrl, phonepeUrl, storageUrl}``."""
        api = f"http://localhost:{self.ports.api}"
        return {
            "apiUrl": api,
            "consoleUrl": f"{api}/",
            "phonepeUrl": f"http://localhost:{self.ports.phonepe}",
            "storageUrl": f"http://localhost:{self.ports.storage}",
        }

    def start(self) -> None:
        """Create the stage and start what moves in it."""
        where = self.addresses()
        for name, value in {
            "PHONEPE_API_BASE_URL": where["phonepeUrl"],
            "PHONEPE_AUTH_BASE_URL": where["phonepeUrl"],
            "PHONEPE_CALLBACK_URL": f"{where['apiUrl']}/v1/payments/webhook/phonepe",
            "UPLOAD_ENDPOINT_URL": where["storageUrl"],
            "AUTH_ISSUER": where["apiUrl"],
            "OPENAPI_FILE": str(openapi.write(DOCUMENT)),
        }.items():
            os.environ.setdefault(name, value)
        self.emulator.on_send = self.mailbox.take
        self.emulator.on_stored = Scanner(self.gateway.answer).notice
        self.emulator.pumps.on_stream = self.journal.record
        self.emulator.start()
        self._simulator = start_simulator(
            self.ports.phonepe, self._merchant(), clock.now, public_url=where["phonepeUrl"]
        )

    def move(self) -> None:
        """Begin to pump and to run schedules."""
        for work in (self._pump, self._schedule):
            thread = threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End; at most 2 seconds."""
        self._stopping.set()
        if self._simulator is not None:
            self._simulator.stop()
        for thread in self._threads:
            thread.join(1)
        self.emulator.stop_engine()

    def _merchant(self) -> SimulatorConfig:
        facts = json.loads(self.emulator.secret("PHONEPE"))
        hooks = json.loads(self.emulator.secret("PHONEPE_WEBHOOK"))["credentials"][0]
        return SimulatorConfig(
            merchant_id=facts["merchantId"],
            salts={int(index): salt for index, salt in facts["salts"].items()},
            client_id=facts["clientId"],
            client_secret=facts["clientSecret"],
            client_version=facts["clientVersion"],
            webhook_username=hooks["username"],
            webhook_password=hooks["password"],
            webhook_url=os.environ["PHONEPE_CALLBACK_URL"],
        )

    # Stream, queues, schedules.

    def _pump(self) -> None:
        while not self._stopping.is_set():
            try:
                with self.moving:
                    moved = self.emulator.pumps.turn()
                if moved:
                    continue
            except Exception as error:  # a fault that was ordered may hit a pump: it goes on, as AWS's do
                print(f"pump: {type(error).__name__}: {error}", flush=True)
                self._stopping.wait(1)
            self._stopping.wait(TURN_SECONDS)

    def _schedule(self) -> None:
        begun = clock.now()
        last = {one.name: begun for one in self.emulator.created.schedules}
        parsed = {one.name: schedules.parse(one.expression, one.timezone) for one in self.emulator.created.schedules}
        while not self._stopping.wait(SCHEDULE_SECONDS):
            if self.moving.locked():
                continue
            now = clock.now()
            for one in self.emulator.created.schedules:
                last[one.name] = min(last[one.name], now)
                if schedules.due(parsed[one.name], last[one.name], now):
                    last[one.name] = now
                    self._fire(self.emulator.function(one.function))

    def _fire(self, function: Function, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
        began = time.perf_counter()
        outcome = self.emulator.lambdas.invoke(function, {"given": dict(given)} if given else {})
        milliseconds = (time.perf_counter() - began) * 1000
        self._last_runs[function.name] = {
            "at": clock.iso(clock.now()),
            "ok": outcome.error is None,
            "ms": round(milliseconds, 1),
            "result": outcome.error or outcome.answer,
        }
        return {name: value for name, value in self._last_runs[function.name].items() if name != "at"}

    # What the control API does.

    def jobs(self) -> list[dict[str, Any]]:
        """Every job: ``{name, function, summary, schedule, last: {at, ok, ms} or null}``."""
        return [
            {
                "name": job.job,
                "function": job.name,
                "summary": job.summary,
                "schedule": job.every.expression if job.every else None,
                "last": self._last_runs.get(job.name),
            }
            for job in self.emulator.lambdas.functions.values()
            if isinstance(job, Job)
        ]

    def run_job(self, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Run a job now and wait for it: ``{ok, ms, result}``. Raises ``UnknownJob``."""
        for job in self.emulator.lambdas.functions.values():
            if isinstance(job, Job) and job.job == name:
                return self._fire(job, given)
        raise UnknownJob(name)

    def drain(self) -> dict[str, Any]:
        """Wait for webhooks, stream, queues and executions."""
        began = time.monotonic()
        self.simulator.wait_idle(10)
        drained = self.emulator.drain()
        return {
            "deliveries": [vars(one) for one in drained.deliveries],
            "executions": drained.executions,
            "seconds": round(time.monotonic() - began, 3),
        }

    def reset(self) -> None:
        """Back to the demo data."""
        from infra.local.demo import academy

        self.simulator.reset()
        self.emulator.reset()
        self.journal.clear()
        self.mailbox.clear()
        self.edge.reset()
        self._last_runs.clear()
        self.accounts = academy.load(self)
