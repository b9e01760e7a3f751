"""Signals summed up, and one person looked into: what is asked and answered."""

from __future__ import annotations

from datetime import date

from pydantic import Field

from chalicelib.insight.security.ban_schemas import BanView
from chalicelib.insight.security.schemas import SignalView
from chalicelib.platform.http import Instant, QueryModel, ResponseModel
from chalicelib.platform.http.periods import From, To


class SummaryQuery(QueryModel):
    """Which days; the last 7 where nothing is said, at most 31."""

    from_: From | None = Field(default=None, alias="from", description="From this instant or day on")
    to: To | None = Field(default=None, description="Before this instant, or to the end of this day")


class SignalCount(ResponseModel):
    """How many signals of a type and severity."""

    type: str = Field(examples=["RANGE_SCRAPE"])
    severity: str = Field(examples=["HIGH"])
    count: int


class TopUser(ResponseModel):
    """Somebody about whom much was noticed. ``score``: 1, 5, 20 for each signal of LOW, MEDIUM, HIGH."""

    user_id: str
    name: str | None
    score: int
    count: int


class TopNote(ResponseModel):
    """A note about whose readers much was noticed."""

    note_id: str
    title: str | None
    score: int
    count: int


class SignalSummary(ResponseModel):
    """Counts by type and severity; the twenty people and notes with the highest scores."""

    counts: list[SignalCount]
    top_users: list[TopUser]
    top_notes: list[TopNote]


class ProfiledUser(ResponseModel):
    """Who it is."""

    id: str
    name: str
    email: str | None
    phone: str | None
    type: str
    status: str
    created_at: Instant
    last_login_at: Instant | None


class BusiestDay(ResponseModel):
    """The day of the academy with the most requests."""

    day: date
    requests: int


class Access30d(ResponseModel):
    """What somebody read in 30 days. ``perMinutePeak``: the most requests of one minute."""

    distinct_notes: int
    requests: int
    bytes: int
    busiest_day: BusiestDay | None
    per_minute_peak: int


class LiveViewSession(ResponseModel):
    """A view session that can read."""

    view_session_id: str
    note_id: str
    device_hint: str | None
    created_at: Instant
    expires_at: Instant


class LoginSession(ResponseModel):
    """A sign-in that lives."""

    id: str
    device_label: str
    created_at: Instant
    last_used_at: Instant


class SecurityProfile(ResponseModel):
    """Somebody as those see them who look into security. ``score``: of the signals of 30 days, 1, 5, 20 each."""

    user: ProfiledUser
    signals: list[SignalView]
    access30d: Access30d = Field(alias="access30d")
    active_view_sessions: list[LiveViewSession]
    login_sessions: list[LoginSession]
    bans: list[BanView]
    score: int
