"""HTTP to a gateway: time-outs, a bound on what an answer may weigh, and of each failed call whether it left (PAY-47).

An adapter built on this cannot be kept waiting, filled up, redirected or crashed by what a gateway, or somebody in its
place, answers: whatever is not an answer in JSON ends in one of the words of ``interface``.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from concurrent.futures import TimeoutError as TooLate
from typing import Any

from chalicelib.commerce.gateways.interface import NoAnswer, NotSent
from chalicelib.platform import settings
from chalicelib.platform.logs import event
from chalicelib.platform.parallel import submit
from chalicelib.platform.records import frozen

GATEWAY_CONNECT_SECONDS = settings.integer("GATEWAY_CONNECT_SECONDS", default=3, minimum=1, maximum=10)
GATEWAY_READ_SECONDS = settings.integer("GATEWAY_READ_SECONDS", default=10, minimum=1, maximum=20)
MAX_BYTES = 1_048_576
"""More than the largest answer of any contract a hundred times over."""
_PIECE = 65_536
_TOO_MANY = 429
_TOO_LATE = 408


@frozen
class Heard:
    """An answer: its status and JSON object (empty when it was none)."""

    status: int
    body: Mapping[str, Any]


@frozen
class Call:
    """One call. ``json`` or ``form``: its body."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Any = None
    form: Mapping[str, str] | None = None


def longest() -> int:
    """Seconds that one call may take in all."""
    return GATEWAY_CONNECT_SECONDS() + GATEWAY_READ_SECONDS()


def exchange(call: Call) -> Heard:
    """One call, on a connection of its own: a kept one that the gateway closed meanwhile would look like a lost answer.

    Raises ``NotSent`` when no connection came about or the gateway asked to come later (429), ``NoAnswer`` when the
    outcome is unknown: nothing in time, 5xx, a redirect (never followed), or an answer that is no JSON object.
    """
    started = time.monotonic()
    # Time-outs of a socket count from each byte; one that drips is left alone when the time is over.
    pending = submit(lambda: _exchange(call, started + longest()))
    try:
        heard = pending.result(timeout=longest())
    except TooLate as late:
        raise NoAnswer("TIMED_OUT") from late
    event("gateway call", method=call.method, status=heard.status, ms=round((time.monotonic() - started) * 1000))
    if heard.status == _TOO_MANY:
        raise NotSent("TOO_MANY")
    redirected = 300 <= heard.status < 400
    if redirected or heard.status == _TOO_LATE or (heard.status < 300 and not heard.body):
        raise NoAnswer(f"HTTP_{heard.status}")
    return heard


def _exchange(call: Call, deadline: float) -> Heard:
    import requests
    from urllib3.exceptions import HTTPError, NewConnectionError, ReadTimeoutError

    try:
        with requests.Session() as session:
            # Neither proxies nor credentials of the machine may get between the gateway and us.
            session.trust_env = False
            answering = session.request(
                call.method,
                call.url,
                # What is not packed cannot unpack to more than it weighs.
                headers={**call.headers, "Accept-Encoding": "identity"},
                json=call.json,
                data=call.form,
                timeout=(GATEWAY_CONNECT_SECONDS(), GATEWAY_READ_SECONDS()),
                allow_redirects=False,
                stream=True,
            )
            with answering as answer:
                return Heard(answer.status_code, _object(_read(answer.raw, deadline)))
    except requests.ConnectTimeout as error:
        raise NotSent("CONNECT_TIMEOUT") from error
    except requests.ConnectionError as error:
        cause = error.args[0] if error.args else None
        if isinstance(getattr(cause, "reason", None), NewConnectionError):
            raise NotSent("NO_CONNECTION") from error
        raise NoAnswer("CONNECTION_LOST") from error
    except (requests.Timeout, ReadTimeoutError) as error:
        raise NoAnswer("TIMED_OUT") from error
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise NoAnswer("UNREADABLE") from error


def _read(raw: Any, deadline: float) -> bytes:
    found = b""
    # As much as has arrived, and not as much as was asked for: else one byte at a time would pass for an answer.
    while piece := raw.read1(_PIECE, decode_content=False):
        found += piece
        if len(found) > MAX_BYTES:
            raise NoAnswer("TOO_LARGE")
        if time.monotonic() > deadline:
            raise NoAnswer("TIMED_OUT")
    return found


def _object(body: bytes) -> Mapping[str, Any]:
    """The JSON object of an answer; empty for anything else, also for text that cannot be stored."""
    try:
        found = json.loads(body)
        # Half a surrogate pair is JSON, and no text.
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
