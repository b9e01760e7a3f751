"""Class ``auth`` around a proof (HTTP-42): an attempt is counted beside the first read, its failure afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from chalicelib.identity.sessions import Device, count_attempt, count_failure, failures_left
from chalicelib.platform.http import limits
from chalicelib.platform.parallel import together

T = TypeVar("T")


def beside_counters(read: Callable[[], T], *, subject: str, device: Device, counted: Callable[[], object]) -> T:
    """What ``read`` answers, while the attempt is counted.

    ``subject``: whose attempt: never the name under which sign-ins are counted, so that nobody who hammers those keeps
    the owner from proving who they are in another way (AUTH-44). Raises ``RateLimited``.
    """
    answer, attempt, failures, _ = together(
        read,
        lambda: count_attempt(subject),
        lambda: failures_left(device.network),
        counted,
    )
    limits.refuse_if_any([one for one in (attempt, failures) if isinstance(one, limits.Verdict)])
    return answer  # type: ignore[return-value]  # ``together`` answers in order


def failed(device: Device, error: type[Exception]) -> Exception:
    """The error of a wrong proof, counted against its address; raise what this answers. Raises ``RateLimited``."""
    count_failure(device.network)
    return error()
