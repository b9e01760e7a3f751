"""What the merchant agreed with the (simulated) gateway: credentials, salts, where webhooks go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def wall_clock() -> datetime:
    """The machine's time, UTC; the local cloud hands in its own movable clock instead."""
    return datetime.now(UTC)


@dataclass
class SimulatorConfig:
    """Credentials of the one merchant the simulator knows, for both contracts.

    ``salts`` are V1's salt keys by salt index; the highest index signs callbacks, all verify requests.
    ``client_*`` are V2's OAuth credentials, ``webhook_username`` and ``webhook_password`` what V2 webhooks
    are signed with. ``webhook_url`` receives V2 webhooks and V1 callbacks of requests without
    ``callbackUrl``; it may be changed while the simulator runs. Durations are seconds of the simulator's
    clock, except ``webhook_timeout_seconds``, which is real time.
    """

    merchant_id: str
    salts: dict[int, str] = field(repr=False)
    client_id: str
    client_secret: str = field(repr=False)
    client_version: str
    webhook_username: str
    webhook_password: str = field(repr=False)
    webhook_url: str
    merchant_name: str = "Pathshala Academy"
    token_seconds: int = 3600
    default_expire_seconds: int = 600
    v1_expire_seconds: int = 1200
    refund_seconds: float = 0.0
    webhook_timeout_seconds: float = 10.0

    def newest_salt(self) -> tuple[int, str]:
        """(index, key) of the salt that signs what the gateway sends."""
        index = max(self.salts)
        return index, self.salts[index]
