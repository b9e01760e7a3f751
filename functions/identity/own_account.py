"""The end of one's own account."""

from __future__ import annotations

from chalicelib.identity.accounts import OWN_USER, MethodDisabled, User, UserNotFound
from chalicelib.identity.accounts.schemas import Profile, profile_of
from chalicelib.identity.credentials.reauthentication import prove_or_recent
from chalicelib.identity.people import AskASuperAdmin, DeletionDueNow, SubscriptionActive, deleting
from chalicelib.identity.people.schemas import DeletionRequest, DeletionScheduled
from chalicelib.identity.sessions import InvalidCredentials, transport
from chalicelib.platform.errors import Conflict, ReauthRequired
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Limits, Request, api

HASHING_MEMORY = 512
"""MiB: room for four Argon2id hashes, and the share of a processor that comes with it."""


@api.delete(
    "/v1/users/me",
    action=Actions.PROFILE_DELETE,
    resource=OWN_USER,
    tag="profile",
    status=202,
    limits=[Limits.AUTH, Limits.AUTH_ADDRESS, Limits.AUTH_FAILURES],
    limits_beside=True,
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_TOKENS_VERIFY,
        Grant.SECRET_REFRESH,
        Grant.SECRET_DATA,
    ],
    raises=[
        UserNotFound,
        AskASuperAdmin,
        SubscriptionActive,
        MethodDisabled,
        InvalidCredentials,
        ReauthRequired,
        Conflict,
    ],
    memory=HASHING_MEMORY,
    loads=["argon2"],
    examples={"reason": "I passed the examination", "acceptLoss": False},
)
def delete_account(body: DeletionRequest | None, user: User, caller: Caller, request: Request) -> DeletionScheduled:
    """Have one's own account deleted, a few days from now; until then it works, and can be kept after all.

    It needs the password, or that the session was proven within the last 10 minutes. While something that was paid for
    still runs, `acceptLoss` must say that it may be lost. Asked again, it answers the same. Accounts of staff are
    ended by a super-admin.
    """
    wish = body or DeletionRequest()
    deleting.require_own_end(caller)
    prove_or_recent(
        user, wish.password, by=caller, device=transport.device_of(request), counted=request.counting.settle
    )
    return DeletionScheduled(deletion_due_at=deleting.schedule(user, wish, by=caller))


@api.post(
    "/v1/users/me/deletion/cancel",
    action=Actions.PROFILE_DELETE,
    resource=OWN_USER,
    tag="profile",
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound, DeletionDueNow, Conflict],
)
def cancel_deletion(user: User, caller: Caller) -> Answer[Profile]:
    """Keep the account that one had asked to delete; one that was to stay stays as it is."""
    kept = deleting.cancel(user, by=caller)
    return Answer(profile_of(kept), version=int(kept.version))
