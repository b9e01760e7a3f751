"""The HTTP port as API Gateway REST behaves (LOC-03): its definition's routes, proxy events, limits, own answers."""

from __future__ import annotations

import json
import time
from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.errors import (
    ApiError,
    BodyTooLarge,
    RateLimited,
    RouteNotFound,
    TimedOut,
    UpstreamFailed,
)
from chalicelib.platform.http import headers as common
from chalicelib.platform.http.render import render_error
from chalicelib.platform.http.request import request_id_of
from infra.local.edge import Edge
from infra.local.emulator import Emulator
from infra.local.journal import Handled, Journal
from infra.local.lambdas import Outcome
from infra.local.proxy import BadProxyResponse, Incoming, Match, Outgoing, event, outgoing

MAX_REQUEST_BYTES = 10 * 1024 * 1024
MAX_ANSWER_BYTES = 6_291_556
INTEGRATION_SECONDS = 29.0
EDGE_REQUEST_ID = "edge"


class Gateway:
    """Answers what comes in on the API's port; the control API and the console are asked before it."""

    def __init__(
        self, emulator: Emulator, journal: Journal, edge: Edge, *, seconds: float = INTEGRATION_SECONDS
    ) -> None:
        self._seconds = seconds
        self._emulator = emulator
        self._journal = journal
        self._edge = edge

    def answer(self, incoming: Incoming) -> Outgoing:
        """Answer one request and note it."""
        started = time.perf_counter()
        match = self._emulator.routes.find(incoming.method, incoming.path)
        outcome = Outcome()
        try:
            outcome, answer = self._answer(incoming, match)
        except ApiError as error:
            answer = own_answer(incoming, error)
        self._journal.request(
            Handled(
                clock.iso(clock.now()),
                _header(answer, "x-request-id"),
                incoming.method,
                incoming.path,
                answer.status,
                _code(answer),
                match.endpoint.name if match else None,
                (time.perf_counter() - started) * 1000,
                tuple(outcome.calls),
            )
        )
        return answer

    def _answer(self, incoming: Incoming, match: Match | None) -> tuple[Outcome, Outgoing]:
        if match is None or match.endpoint.method != "OPTIONS":
            refused = self._edge.refused(incoming, match.endpoint.edge) if match else self._edge.refused(incoming)
            if refused is not None:
                raise RateLimited(retry_after=refused)
        if match is None:
            raise RouteNotFound
        if incoming.too_large or len(incoming.body) > MAX_REQUEST_BYTES:
            raise BodyTooLarge
        return self._invoke(incoming, match)

    def _invoke(self, incoming: Incoming, match: Match) -> tuple[Outcome, Outgoing]:
        given = event(incoming, match, self._emulator.stage)
        seconds = min(self._seconds, match.endpoint.timeout)
        try:
            outcome = self._emulator.lambdas.invoke_within(match.endpoint, given, seconds)
        except TimeoutError as error:
            # A function that its own time-out ends is a failed integration; the gateway's is one that took too long.
            if match.endpoint.timeout < self._seconds:
                raise UpstreamFailed from error
            raise TimedOut from error
        if outcome.error is not None or _size(outcome.answer) > MAX_ANSWER_BYTES:
            raise UpstreamFailed
        try:
            return outcome, outgoing(outcome.answer)
        except BadProxyResponse as error:
            raise UpstreamFailed from error


def own_answer(incoming: Incoming, error: ApiError) -> Outgoing:
    """An answer that the gateway makes itself, in the envelope and with all headers (HTTP-21)."""
    given = {name.lower(): value for name, value in incoming.headers}
    request_id = EDGE_REQUEST_ID if isinstance(error, RateLimited) else request_id_of(given)
    rendered = render_error(error, request_id)
    every = common.complete(rendered.headers, request_id=request_id, origin=given.get("origin"))
    return Outgoing(rendered.status, list(every.items()), rendered.body.encode())


def _size(answer: Any) -> int:
    return len(json.dumps(answer).encode())


def _header(answer: Outgoing, name: str) -> str:
    return next((value for known, value in answer.headers if known.lower() == name), "")


def _code(answer: Outgoing) -> str | None:
    if answer.status < 400:
        return None
    try:
        return str(json.loads(answer.body)["code"])
    except (ValueError, KeyError, TypeError):
        return None
