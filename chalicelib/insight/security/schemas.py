"""Questions about security signals, and what is answered."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.platform.access.card import plain
from chalicelib.platform.http import Characters, Instant, RequestModel, ResponseModel
from chalicelib.platform.http.periods import PeriodQuery
from chalicelib.platform.ids import Ulid
from chalicelib.platform.signals import SecuritySignal, Severity, SignalType


class SignalsQuery(PeriodQuery):
    """Which signals; without dates those of the last 92 days."""

    user_id: Ulid | None = None
    note_id: Ulid | None = None
    type: SignalType | None = None
    severity: Severity | None = None
    reviewed: bool | None = Field(default=None, description="Whether somebody has looked at it")


class SignalView(ResponseModel):
    """One signal. ``count``: how often it was noticed in its ten minutes."""

    id: str
    type: str = Field(examples=["REFRESH_REUSE"])
    severity: str = Field(examples=["HIGH"])
    user_id: str | None
    session_id: str | None
    note_id: str | None
    subject: str | None = Field(description="Stands for an address or a network where nobody is known")
    meta: dict[str, Any] = Field(examples=[{"class": "auth"}])
    count: int
    created_at: Instant
    last_at: Instant
    reviewed_at: Instant | None = None
    reviewed_by_user_id: str | None = None
    verdict: str | None = None
    review_note: str | None = None

    @classmethod
    def of(cls, signal: SecuritySignal) -> SignalView:
        """A signal as lists have it."""
        return cls.model_validate(plain(signal.row))


Verdict = Literal["HARMLESS", "WATCH", "ABUSE"]


class ReviewRequest(RequestModel):
    """What a signal was, and why one thinks so."""

    verdict: Verdict
    note: Annotated[str, Characters(1, 1_000, multiline=True)] | None = Field(
        default=None, examples=["The phone moved between two networks"]
    )


class RevokeRequest(RequestModel):
    """Why a view session ends."""

    reason: Annotated[str, Characters(3, 500, multiline=True)] = Field(examples=["Reads faster than anybody can"])


class Revoked(ResponseModel):
    """When it ended."""

    revoked_at: Instant
