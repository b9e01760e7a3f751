"""Security signals, for those who look into them."""

from __future__ import annotations

from chalicelib.insight.security import listing
from chalicelib.insight.security.schemas import SignalsQuery, SignalView
from chalicelib.platform.http import Actions, Caller, Grant, Page, api


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
