"""People's sessions, for staff who help them."""

from __future__ import annotations

from chalicelib.identity import roles
from chalicelib.identity.accounts import ANY_USER, UserNotFound
from chalicelib.identity.roles import TargetOutranks
from chalicelib.identity.sessions import SessionNotFound
from chalicelib.identity.sessions.cards import card_of
from chalicelib.identity.sessions.listing import live_sessions
from chalicelib.identity.sessions.revoking import ADMIN, end_one, force_logout
from chalicelib.identity.sessions.schemas import ForceLogoutRequest, SessionList, session_list
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Request, api


@api.post(
    "/v1/admin/users/{userId}/force-logout",
    action=Actions.USERS_MANAGE,
    resource=ANY_USER,
    status=204,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound, TargetOutranks, Conflict],
    examples={"reason": "Their phone was stolen"},
)
def force_logout_user(body: ForceLogoutRequest | None, caller: Caller, request: Request) -> Answer[None]:
    """End all sessions of somebody, and close their notes; it counts from their next request."""
    card = card_of(request.beside)
    roles.require_not_outranked(caller, card)
    force_logout(card, by=caller, reason=body.reason if body else None)
    return Answer(None)


@api.get(
    "/v1/admin/users/{userId}/sessions",
    action=Actions.USERS_MANAGE,
    resource=ANY_USER,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound],
)
def list_user_sessions(caller: Caller, request: Request) -> SessionList:
    """Where somebody is signed in, the last used first."""
    return session_list(live_sessions(card_of(request.beside)), current=caller.session_id)


@api.delete(
    "/v1/admin/users/{userId}/sessions/{sessionId}",
    action=Actions.USERS_MANAGE,
    resource=ANY_USER,
    status=204,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound, SessionNotFound, TargetOutranks, Conflict],
)
def end_user_session(session_id: str, caller: Caller, request: Request) -> Answer[None]:
    """End one session of somebody."""
    card = card_of(request.beside)
    roles.require_not_outranked(caller, card)
    end_one(card, session_id, ADMIN, by=caller)
    return Answer(None)
