"""HTTP to PhonePe: time-outs of PAY-47, and of each failed call whether it left."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.commerce.gateways.interface import GatewayTrouble, NoAnswer, NotSent
from chalicelib.platform import context
from chalicelib.platform.logs import event
from chalicelib.platform.records import frozen

T = TypeVar("T")

CONNECT_SECONDS = 3
READ_SECONDS = 10
REPEATS = 2
_UNAUTHORIZED = 401


@frozen
class Reply:
    """An answer: its status and JSON object (empty when it was none)."""

    status: int
    body: Mapping[str, Any]

    @property
    def code(self) -> str:
        """The gateway's error code, or ``HTTP_<status>``."""
        return str(self.body.get("code") or self.body.get("errorCode") or f"HTTP_{self.status}")[:64]

    @property
    def unauthorized(self) -> bool:
        """Whether our credentials were not taken."""
        return self.status == _UNAUTHORIZED

    @property
    def ok(self) -> bool:
        """Whether it is an answer in the contract's own words."""
        return self.status < 400 and bool(self.body)


def send(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str],
    json: Any = None,
    form: Mapping[str, str] | None = None,
) -> Reply:
    """One call, on a connection of its own: a kept one that the gateway closed meanwhile would look like a lost answer.

    Raises ``NotSent`` when no connection came about or the gateway asked to come later (429), ``NoAnswer`` when the
    outcome is unknown: no answer in time, 5xx, or one that is no JSON.
    """
    import requests
    from urllib3.exceptions import NewConnectionError

    try:
        with requests.Session() as session:
            # Neither proxies nor credentials of the machine may get between the gateway and us.
            session.trust_env = False
            answer = session.request(
                method,
                url,
                headers=dict(headers),
                json=json,
                data=form,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
    except requests.ConnectTimeout as error:
        raise NotSent("CONNECT_TIMEOUT") from error
    except requests.ConnectionError as error:
        cause = error.args[0] if error.args else None
        if isinstance(getattr(cause, "reason", None), NewConnectionError):
            raise NotSent("NO_CONNECTION") from error
        raise NoAnswer("CONNECTION_LOST") from error
    except requests.RequestException as error:
        raise NoAnswer("TIMED_OUT" if isinstance(error, requests.Timeout) else "UNREADABLE") from error
    reply = Reply(answer.status_code, _object(answer))
    event("gateway call", method=method, status=reply.status, ms=round(answer.elapsed.total_seconds() * 1000))
    if reply.status == 429:
        raise NotSent("TOO_MANY")
    if reply.status >= 500 or (reply.status < 400 and not reply.body):
        raise NoAnswer(reply.code)
    return reply


def _object(answer: Any) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def repeated(call: Callable[[], T]) -> T:
    """For calls that change nothing: twice more, with jitter, while the function has time left for it."""
    for attempt in range(REPEATS + 1):
        try:
            return call()
        except (NotSent, NoAnswer):
            room = context.current().remaining() > CONNECT_SECONDS + READ_SECONDS + 1
            if attempt == REPEATS or not room:
                raise
            time.sleep(random.uniform(0.05, 0.2 * 2**attempt))  # noqa: S311  # jitter, not a secret
    raise NoAnswer("TIMED_OUT")


__all__ = ["GatewayTrouble", "Reply", "repeated", "send"]
