"""People, for staff."""

from __future__ import annotations

from chalicelib.identity.accounts import ANY_USER, SHOWN_USER, EmailTaken, User, UserNotFound
from chalicelib.identity.people import blocking, correcting, listing
from chalicelib.identity.people.acting import card_beside
from chalicelib.identity.people.correcting import Correction
from chalicelib.identity.people.schemas import CorrectionRequest, StatusRequest, UserDetail, UserRow, UsersQuery
from chalicelib.identity.roles import LastSuperAdmin, NotOnYourself, TargetOutranks
from chalicelib.platform.errors import Conflict, HeaderInvalid, ReauthRequired, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Page, Request, api


@api.get(
    "/v1/admin/users",
    action=Actions.USERS_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_users(query: UsersQuery, caller: Caller) -> Page[UserRow]:
    """People of a type: newest first, or those whose e-mail, phone number or name begins as searched.

    With `status` a page may hold fewer than `limit`, even none, before the end: go on until `nextCursor` is null.
    """
    return listing.users(query, caller.user_id)


@api.get(
    "/v1/admin/users/{userId}",
    action=Actions.USERS_READ,
    resource=SHOWN_USER,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound],
)
def get_user(user_id: str, user: User, caller: Caller, request: Request) -> Answer[UserDetail]:
    """Somebody in full: profile, roles, whether they are blocked, how many sessions live.

    That somebody else's profile was read is kept in the audit trail.
    """
    shown = listing.show(user, card_beside(request.beside), caller)
    return Answer(shown, version=shown.version)


@api.patch(
    "/v1/admin/users/{userId}/status",
    action=Actions.USERS_MANAGE,
    resource=ANY_USER,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound, NotOnYourself, TargetOutranks, LastSuperAdmin, Conflict],
    examples={"status": "BLOCKED", "reason": "Shares the account with others"},
)
def set_user_status(
    user_id: str, user: User, body: StatusRequest, caller: Caller, request: Request
) -> Answer[UserDetail]:
    """Block somebody, or lift the block.

    A block counts from the next request: every session ends at once. Lifting it restores roles and what was paid for,
    not the sessions. In that status already: 200, and nothing changes.
    """
    changed, card = blocking.set_status(user, card_beside(request.beside), body, by=caller)
    return Answer(UserDetail.of(changed, card), version=int(changed.version))


@api.patch(
    "/v1/admin/users/{userId}",
    action=Actions.USERS_MANAGE,
    resource=ANY_USER,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.LOGIN_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_DATA],
    raises=[
        UserNotFound,
        NotOnYourself,
        TargetOutranks,
        EmailTaken,
        ReauthRequired,
        VersionMismatch,
        HeaderInvalid,
        Conflict,
    ],
    examples={"name": "Asha Verma", "reason": "The student called: the name was misspelt"},
)
def correct_user(
    user_id: str, user: User, body: CorrectionRequest, caller: Caller, request: Request
) -> Answer[UserDetail]:
    """Correct somebody's name, phone number or e-mail.

    Another e-mail is unverified and ends all sessions, and both addresses are told; the password stays. It needs a
    recent proof of who asks: sign in, or prove it again, within 10 minutes before.
    """
    changes = {name: getattr(body, name) for name in body.model_fields_set - {"reason"}}
    wish = Correction(changes, body.reason, request.if_match())
    changed, card = correcting.correct(user, card_beside(request.beside), wish, by=caller)
    return Answer(UserDetail.of(changed, card), version=int(changed.version))
