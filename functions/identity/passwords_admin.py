"""Passwords of other people, for staff."""

from __future__ import annotations

from chalicelib.identity.accounts import ANY_USER, User, UserNotFound
from chalicelib.identity.credentials.resetting import request_for
from chalicelib.identity.credentials.schemas import Accepted, StaffReset
from chalicelib.identity.roles import NotOnYourself, TargetOutranks
from chalicelib.identity.sessions.cards import card_of
from chalicelib.platform.http import Actions, Caller, Grant, Request, api


@api.post(
    "/v1/admin/users/{userId}/reset-password",
    action=Actions.USERS_MANAGE,
    resource=ANY_USER,
    status=202,
    tag="people",
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_OTP, Grant.SECRET_DATA],
    raises=[UserNotFound, NotOnYourself, TargetOutranks],
    examples={"reason": "The student wrote from another address", "requireChange": True},
)
def reset_password_of(body: StaffReset | None, user: User, caller: Caller, request: Request) -> Accepted:
    """Have a reset link sent to somebody, and end all their sessions; nobody is shown a password or the link.

    With `requireChange`, which is the default, the old password works only to change it.
    """
    wish = body or StaffReset()
    card = card_of(request.beside)
    request_for(user, card, by=caller, reason=wish.reason, require_change=wish.require_change)
    return Accepted()
