"""People's own profiles."""

from __future__ import annotations

from chalicelib.identity.accounts import OWN_USER, MethodDisabled, User, UserNotFound
from chalicelib.identity.accounts.profile import change_profile
from chalicelib.identity.accounts.schemas import Profile, ProfilePatch, profile_of
from chalicelib.identity.credentials.reauthentication import prove_or_recent
from chalicelib.identity.people import AskASuperAdmin, DeletionDueNow, SubscriptionActive, deleting
from chalicelib.identity.people.schemas import DeletionRequest, DeletionScheduled
from chalicelib.identity.sessions import InvalidCredentials, transport
from chalicelib.platform.errors import Conflict, HeaderInvalid, ReauthRequired, VersionMismatch, invalid
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Limits, Request, api

HASHING_MEMORY = 512
"""MiB: room for four Argon2id hashes, and the share of a processor that comes with it."""


@api.get(
    "/v1/users/me",
    action=Actions.PROFILE_READ,
    resource=OWN_USER,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound],
)
def get_profile(user: User) -> Answer[Profile]:
    """The caller's own profile."""
    return Answer(profile_of(user), version=int(user.version))


@api.patch(
    "/v1/users/me",
    action=Actions.PROFILE_WRITE,
    resource=OWN_USER,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound, VersionMismatch, HeaderInvalid, Conflict],
    examples={"name": "Asha Verma", "phone": "+919876543210"},
)
def update_profile(body: ProfilePatch, user: User, caller: Caller, request: Request) -> Answer[Profile]:
    """Change one's own name, phone, language or picture.

    E-mail, type, status and roles are not changed here. Another phone number counts as unverified.
    """
    if body.avatar_asset_id is not None:
        # Pictures of people are a purpose of files that this stage of the academy does not offer yet.
        raise invalid("body.avatarAssetId", "ASSET_NOT_USABLE", "must be an own picture")
    changes = {name: getattr(body, name) for name in body.model_fields_set}
    changed = change_profile(user, changes, by=caller, expected=request.if_match())
    return Answer(profile_of(changed), version=int(changed.version))


@api.delete(
    "/v1/users/me",
    action=Actions.PROFILE_DELETE,
    resource=OWN_USER,
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
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound, DeletionDueNow, Conflict],
)
def cancel_deletion(user: User, caller: Caller) -> Answer[Profile]:
    """Keep the account that one had asked to delete; one that was to stay stays as it is."""
    kept = deleting.cancel(user, by=caller)
    return Answer(profile_of(kept), version=int(kept.version))
