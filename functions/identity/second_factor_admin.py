"""The second factor of people whom staff help."""

from __future__ import annotations

from chalicelib.identity.accounts import ANY_USER, User, UserNotFound
from chalicelib.identity.mfa.resetting import reset
from chalicelib.identity.mfa.schemas import MfaResetRequest
from chalicelib.identity.roles import TargetOutranks
from chalicelib.identity.sessions.cards import card_of
from chalicelib.platform.errors import Conflict, ReauthRequired
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Request, api


@api.post(
    "/v1/admin/users/{userId}/mfa/reset",
    action=Actions.USERS_MANAGE,
    resource=ANY_USER,
    status=204,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.LOGIN_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_DATA],
    raises=[UserNotFound, TargetOutranks, ReauthRequired, Conflict],
    examples={"reason": "Lost the phone; identity checked at the desk"},
)
def reset_second_factor(body: MfaResetRequest, user: User, caller: Caller, request: Request) -> Answer[None]:
    """Remove the second factor of somebody who lost it. All their sessions end, and they are told by mail.

    Needs a proof of the last 10 minutes.
    """
    reset(user, card_of(request.beside), by=caller, reason=body.reason)
    return Answer(None)
