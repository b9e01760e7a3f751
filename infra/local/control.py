"""The control API under ``/_local/`` (LOC-08, LOC-11) and the console at ``/``; documented in ``docs/local-cloud.md``.

Only of the local cloud: none of it is in the deployed package. JSON in and out; a wrong body is 422 with each wrong
field.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from chalicelib.platform import clock
from chalicelib.platform.http.bodies import problems
from infra.local.console import PREFIX as CONSOLE
from infra.local.console import asset
from infra.local.emulator import NotIdle
from infra.local.executions import states_of
from infra.local.faults import Fault
from infra.local.phonepe import BehaviourRefused, NotPayable, UnknownOrder
from infra.local.proxy import Incoming, Outgoing
from infra.local.running import Running, UnknownJob

PREFIX = "/_local/"
MAX_SHOWN = 200


class ControlRefused(Exception):
    """An error of the control API."""

    def __init__(self, status: int, code: str, message: str, details: Any = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


class _Body(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", strict=True)


class ClockBody(_Body):
    """Seconds to move the backend's clock forward by."""

    advance_seconds: float = Field(ge=0, le=10 * 365 * 86_400)


class FaultBody(_Body):
    """The next matching AWS calls fail (see ``faults.Fault``)."""

    service: str = Field(min_length=1, max_length=40)
    operation: str = Field(min_length=1, max_length=60)
    error: str = Field(min_length=1, max_length=80)
    times: int = Field(default=1, ge=1, le=100_000)
    after: bool = False
    skip: int = Field(default=0, ge=0, le=100_000)
    function: str | None = Field(default=None, max_length=60)


class JobBody(_Body):
    """What the job is given, as a continuation would."""

    given: dict[str, Any] = Field(default_factory=dict)


class PayBody(_Body):
    """A button of the hosted page."""

    outcome: str = Field(min_length=1, max_length=20)


class Control:
    """Answers ``/``, ``/_local/…`` and the console's files."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._routes: list[tuple[str, re.Pattern[str], Callable[..., Any]]] = [
            (method, re.compile(pattern), answer) for method, pattern, answer in self._table()
        ]

    def _table(self) -> list[tuple[str, str, Callable[..., Any]]]:
        return [
            ("GET", r"state", self._state),
            ("GET", r"accounts", self._accounts),
            ("GET", r"requests", self._requests),
            ("GET", r"events", self._events),
            ("GET", r"executions", self._executions),
            ("GET", r"workflows", self._workflows),
            ("GET", r"jobs", self._jobs),
            ("POST", r"jobs/([\w-]+)/run", self._run_job),
            ("GET", r"queues", self._queues),
            ("GET", r"mailbox", self._mailbox),
            ("DELETE", r"mailbox", self._clear_mailbox),
            ("GET", r"mailbox/(\w+)", self._mail),
            ("GET", r"phonepe/orders", self._orders),
            ("POST", r"phonepe/behaviour", self._behaviour),
            ("POST", r"phonepe/orders/([^/]+)/pay", self._pay),
            ("POST", r"phonepe/tokens/expire", self._expire_tokens),
            ("GET", r"clock", self._clock),
            ("POST", r"clock", self._move_clock),
            ("GET", r"faults", self._faults),
            ("POST", r"faults", self._add_fault),
            ("DELETE", r"faults", self._clear_faults),
            ("POST", r"drain", self._drain),
            ("POST", r"reset", self._reset),
        ]

    def takes(self, incoming: Incoming) -> bool:
        """Whether a request is for the control API or the console; at ``/`` programs get the API's answer (HTTP-63)."""
        if incoming.path == "/":
            return incoming.method in ("GET", "HEAD") and "text/html" in (incoming.first("accept") or "")
        return incoming.path == "/favicon.ico" or incoming.path.startswith((PREFIX, CONSOLE))

    def answer(self, incoming: Incoming) -> Outgoing:
        """One request."""
        if not incoming.path.startswith(PREFIX):
            return _console(incoming)
        try:
            _check_origin(incoming)
            return _json(200, self._called(incoming))
        except ControlRefused as refused:
            body = {"code": refused.code, "message": refused.message}
            return _json(refused.status, body if refused.details is None else {**body, "details": refused.details})

    def _called(self, incoming: Incoming) -> Any:
        path = incoming.path.removeprefix(PREFIX)
        for method, pattern, answer in self._routes:
            match = pattern.fullmatch(path)
            if match is not None and method == incoming.method:
                return answer(incoming, *map(unquote, match.groups()))
        every = [f"{method} {PREFIX}{pattern.pattern}" for method, pattern, _ in self._routes]
        raise ControlRefused(404, "ROUTE_NOT_FOUND", "There is no such control call", {"calls": every})

    def _state(self, incoming: Incoming) -> Any:
        facts = {"stage": self._running.emulator.stage, "engine": self._running.emulator.engine}
        return {**facts, **self._running.addresses(), **self._clock(incoming)}

    def _accounts(self, _: Incoming) -> Any:
        return {"items": [vars(account) for account in self._running.accounts]}

    def _requests(self, incoming: Incoming) -> Any:
        return {"items": self._running.journal.requests()[: _limit(incoming)]}

    def _events(self, incoming: Incoming) -> Any:
        return {"items": self._running.journal.events()[: _limit(incoming)]}

    def _executions(self, incoming: Incoming) -> Any:
        found = self._running.emulator.executions()[: _limit(incoming)]
        return {"items": [{**one, "states": states_of(one["arn"])} for one in found]}

    def _workflows(self, _: Incoming) -> Any:
        found = self._running.emulator.created.definitions
        return {"items": [{"name": name, "definition": definition} for name, definition in found.items()]}

    def _jobs(self, _: Incoming) -> Any:
        return {"items": self._running.jobs()}

    def _run_job(self, incoming: Incoming, name: str) -> Any:
        body = _body(incoming, JobBody, optional=True)
        try:
            outcome = self._running.run_job(name, body.given)
        except UnknownJob as error:
            raise ControlRefused(404, "JOB_NOT_FOUND", f"There is no job {name}") from error
        return {"job": name, **outcome}

    def _queues(self, _: Incoming) -> Any:
        return {"items": self._running.emulator.pumps.queues()}

    def _mailbox(self, incoming: Incoming) -> Any:
        return {"items": self._running.mailbox.all(_query(incoming).get("to"))}

    def _clear_mailbox(self, _: Incoming) -> Any:
        return {"removed": self._running.mailbox.clear()}

    def _mail(self, _: Incoming, mail_id: str) -> Any:
        mail = self._running.mailbox.find(mail_id)
        if mail is None:
            raise ControlRefused(404, "MAIL_NOT_FOUND", "There is no such mail")
        return mail

    def _orders(self, _: Incoming) -> Any:
        return {"items": self._running.simulator.orders(), "calls": self._running.simulator.calls()[-MAX_SHOWN:]}

    def _behaviour(self, incoming: Incoming) -> Any:
        try:
            return self._running.simulator.set_behaviour(_object(incoming))
        except BehaviourRefused as error:
            raise ControlRefused(422, "VALIDATION_FAILED", "Some fields break a rule", error.details) from error
        except NotPayable as error:
            raise ControlRefused(409, "NOT_PAYABLE", str(error)) from error

    def _expire_tokens(self, incoming: Incoming) -> Any:
        self._running.simulator.expire_tokens()
        return {"expired": True}

    def _pay(self, incoming: Incoming, order: str) -> Any:
        body = _body(incoming, PayBody)
        try:
            return self._running.simulator.press(order, body.outcome)
        except UnknownOrder as error:
            raise ControlRefused(404, "ORDER_NOT_FOUND", f"The simulator knows no order {order}") from error
        except NotPayable as error:
            raise ControlRefused(409, "NOT_PAYABLE", str(error)) from error
        except ValueError as error:
            raise ControlRefused(422, "VALIDATION_FAILED", str(error)) from error

    def _clock(self, _: Incoming) -> Any:
        offset = clock.now().timestamp() - time.time()
        return {"now": clock.iso(clock.now()), "offsetSeconds": round(offset, 1)}

    def _move_clock(self, incoming: Incoming) -> Any:
        self._running.emulator.advance(_body(incoming, ClockBody).advance_seconds)
        return self._clock(incoming)

    def _faults(self, _: Incoming) -> Any:
        return {"items": [vars(fault) for fault in self._running.emulator.faults.pending()]}

    def _add_fault(self, incoming: Incoming) -> Any:
        self._running.emulator.faults.add(Fault(**_body(incoming, FaultBody).model_dump()))
        return self._faults(incoming)

    def _clear_faults(self, incoming: Incoming) -> Any:
        self._running.emulator.faults.clear()
        return self._faults(incoming)

    def _drain(self, _: Incoming) -> Any:
        try:
            return self._running.drain()
        except NotIdle as error:
            raise ControlRefused(504, "NOT_IDLE", str(error)) from error

    def _reset(self, _: Incoming) -> Any:
        self._running.reset()
        return {"reset": True}


def _check_origin(incoming: Incoming) -> None:
    """A page of another site must not drive the local cloud of whoever looks at it."""
    origin = incoming.first("origin")
    if origin and urlsplit(origin).netloc != incoming.first("host"):
        raise ControlRefused(403, "ORIGIN_REFUSED", "The control API is not for pages of other origins")


def _query(incoming: Incoming) -> dict[str, str]:
    return dict(parse_qsl(incoming.query))


def _limit(incoming: Incoming) -> int:
    text = _query(incoming).get("limit", "100")
    if not text.isdecimal() or not 1 <= int(text) <= MAX_SHOWN:
        raise ControlRefused(422, "VALIDATION_FAILED", f"limit is a number from 1 to {MAX_SHOWN}")
    return int(text)


def _object(incoming: Incoming) -> dict[str, Any]:
    try:
        value = json.loads(incoming.body or b"null")
    except ValueError as error:
        raise ControlRefused(400, "MALFORMED_JSON", "The body is not JSON") from error
    if not isinstance(value, dict):
        raise ControlRefused(400, "MALFORMED_JSON", "The body is not a JSON object")
    return value


def _body(incoming: Incoming, model: type[Any], *, optional: bool = False) -> Any:
    given = {} if optional and not incoming.body else _object(incoming)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        found = problems(error, "body")
        raise ControlRefused(422, "VALIDATION_FAILED", "Some fields break a rule", found) from error


def _json(status: int, body: Any) -> Outgoing:
    content = json.dumps(body, ensure_ascii=False, default=str).encode()
    headers = [
        ("Content-Type", "application/json"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return Outgoing(status, headers, content)


def _console(incoming: Incoming) -> Outgoing:
    """The console's page and files."""
    found = asset(incoming.path) if incoming.method in ("GET", "HEAD") else None
    if found is None:
        return _json(404, {"code": "ROUTE_NOT_FOUND", "message": "There is no such page"})
    return Outgoing(200, list(found.headers.items()), found.content)
