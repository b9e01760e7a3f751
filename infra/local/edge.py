"""The edge in front of the gateway, counted in process (HTTP-40): rate-based rules, no table write per request."""

from __future__ import annotations

import hashlib
import ipaddress
import threading

from chalicelib.platform import clock
from chalicelib.platform.http.limits import EDGE_LIMITS, Limit, Limits, Per
from infra.local.proxy import Incoming

MAX_COUNTERS = 200_000


class Edge:
    """Counters of one window each, by class and key: the ``Authorization`` header, else the address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: dict[tuple[str, str, int], int] = {}

    def reset(self) -> None:
        """Forget what was counted."""
        with self._lock:
            self._counts.clear()

    def refused(self, incoming: Incoming, limit: Limit = Limits.DEFAULT) -> int | None:
        """Count a request; the seconds until its window ends when it is one too many, else None."""
        rate = limit.rate()
        if rate is None or EDGE_LIMITS() == "function":
            return None
        most, seconds = rate
        now = clock.now().timestamp()
        window = int(now // seconds)
        key = (limit.name, _key(incoming, limit), window)
        with self._lock:
            if len(self._counts) > MAX_COUNTERS:
                self._counts.clear()
            count = self._counts.get(key, 0) + 1
            self._counts[key] = count
        return max(1, int((window + 1) * seconds - now) + 1) if count > most else None


def _key(incoming: Incoming, limit: Limit) -> str:
    signed = incoming.first("authorization")
    if signed and limit.per is Per.CALLER:
        return hashlib.sha256(signed.encode()).hexdigest()
    address = ipaddress.ip_address(incoming.source_ip)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
