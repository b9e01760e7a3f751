"""What was noticed and who read what, for those who look into it."""

from __future__ import annotations

from chalicelib.identity.accounts import User, UserNotFound
from chalicelib.insight.security import access_log, bans, listing, profile, reviewing, summary
from chalicelib.insight.security.errors import SignalNotFound
from chalicelib.insight.security.log_schemas import AccessLogLine, AccessLogQuery
from chalicelib.insight.security.resources import PROFILED_USER, SIGNAL
from chalicelib.insight.security.schemas import ReviewRequest, SignalsQuery, SignalView
from chalicelib.insight.security.summary_schemas import SecurityProfile, SignalSummary, SummaryQuery
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Caller, Grant, Page, Request, api
from chalicelib.platform.signals import SecuritySignal

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)


@api.get(
    "/v1/admin/security/signals",
    action=Actions.SECURITY_READ_LOG,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_security_signals(query: SignalsQuery, caller: Caller) -> Page[SignalView]:
    """What was noticed that people should look at; newest first.

    Of one person, of one note's readers, or all; at most 92 days. Filters that no index serves leave a page with fewer
    signals than `limit`, even none, and still with a `nextCursor`. Neither addresses nor user agents are in it.
    """
    return listing.signals(query, caller)


@api.get(
    "/v1/admin/security/signals/summary",
    action=Actions.SECURITY_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
)
def sum_up_signals(query: SummaryQuery, caller: Caller) -> SignalSummary:
    """How much was noticed by type and severity, and the people and notes with the highest scores.

    Whole days of the academy: the last 7, or those between `from` and `to`, at most 31.
    """
    return summary.summary(query)


@api.post(
    "/v1/admin/security/signals/{signalId}/review",
    action=Actions.SECURITY_MANAGE,
    resource=SIGNAL,
    grants=_WRITES,
    raises=[SignalNotFound, Conflict],
)
def review_signal(signal: SecuritySignal, body: ReviewRequest, caller: Caller) -> SignalView:
    """Say what a signal was; who said so and when is kept. A later review takes the place of an earlier one."""
    return SignalView.of(reviewing.review(signal, body, by=caller))


@api.get(
    "/v1/admin/security/note-access",
    action=Actions.SECURITY_READ_LOG,
    grants=[*_WRITES, Grant.SECRET_CURSOR],
)
def list_note_access(query: AccessLogQuery, caller: Caller) -> Page[AccessLogLine]:
    """Who read which note when; newest first, the last 24 hours or at most 31 days.

    Of one person, of one note, of one view session, or all. With `analytics.read` alone neither addresses nor user
    agents are shown. A page may hold fewer than `limit`, even none, before the end. That the log was read is kept in
    the audit trail.
    """
    return access_log.lines(query, caller)


@api.get(
    "/v1/admin/security/users/{userId}",
    action=Actions.SECURITY_READ,
    resource=PROFILED_USER,
    grants=_WRITES,
    raises=[UserNotFound],
)
def get_security_profile(user: User, caller: Caller, request: Request) -> SecurityProfile:
    """Somebody as security sees them: what was noticed, how much they read, where they are signed in, what is banned.

    That it was read is kept in the audit trail.
    """
    return profile.profile(user, bans.card_beside(request.beside), caller)
