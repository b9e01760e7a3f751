"""People's own sessions: where they are signed in."""

from __future__ import annotations

from chalicelib.identity.accounts import MethodDisabled, require_local
from chalicelib.identity.sessions import SessionNotFound, cookies
from chalicelib.identity.sessions.listing import live_sessions
from chalicelib.identity.sessions.revoking import USER, end_one, end_own
from chalicelib.identity.sessions.schemas import LogoutAllRequest, SessionList, session_list
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Answer, Caller, Grant, api


@api.post(
    "/v1/auth/logout-all",
    action=Actions.SESSIONS_MANAGE,
    status=204,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[MethodDisabled, Conflict],
    examples={"keepCurrent": True},
)
def logout_all(body: LogoutAllRequest | None, caller: Caller) -> Answer[None]:
    """End all one's sessions, and close all notes; with `keepCurrent` all but this one."""
    require_local()
    keep = body is not None and body.keep_current
    end_own(caller, keep_current=keep)
    return Answer(None, cookies=[] if keep else cookies.clearing())


@api.get(
    "/v1/auth/sessions",
    action=Actions.SESSIONS_MANAGE,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[MethodDisabled],
)
def list_sessions(caller: Caller) -> SessionList:
    """Where one is signed in, the last used first."""
    require_local()
    return session_list(live_sessions(caller.card), current=caller.session_id)


@api.delete(
    "/v1/auth/sessions/{sessionId}",
    action=Actions.SESSIONS_MANAGE,
    status=204,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[SessionNotFound, MethodDisabled, Conflict],
)
def end_session(session_id: str, caller: Caller) -> Answer[None]:
    """End one of one's sessions: a lost phone is signed out with its next request."""
    require_local()
    end_one(caller.card, session_id, USER, by=caller)
    return Answer(None)
