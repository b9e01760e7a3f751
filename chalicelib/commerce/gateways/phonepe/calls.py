"""Calls of PhonePe's interface, and what is made of their answers."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from chalicelib.commerce.gateways import transport
from chalicelib.commerce.gateways.interface import GatewayTrouble, NoAnswer, NotSent
from chalicelib.platform import context
from chalicelib.platform.records import frozen

T = TypeVar("T")

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
    """One call. Raises ``NotSent``, or ``NoAnswer`` when the outcome is unknown, as ``transport.exchange`` does; a 5xx
    is no answer either.
    """
    heard = transport.exchange(transport.Call(method, url, headers, json, form))
    reply = Reply(heard.status, heard.body)
    if reply.status >= 500:
        raise NoAnswer(reply.code)
    return reply


def repeated(call: Callable[[], T]) -> T:
    """For calls that change nothing: twice more, with jitter, while the function has time left for it."""
    for attempt in range(REPEATS + 1):
        try:
            return call()
        except (NotSent, NoAnswer):
            room = context.current().remaining() > transport.longest() + 1
            if attempt == REPEATS or not room:
                raise
            time.sleep(random.uniform(0.05, 0.2 * 2**attempt))  # noqa: S311  # jitter, not a secret
    raise NoAnswer("TIMED_OUT")


__all__ = ["GatewayTrouble", "Reply", "repeated", "send"]
