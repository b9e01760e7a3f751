"""People's own profiles."""

from __future__ import annotations

from chalicelib.identity.accounts import OWN_USER, User, UserNotFound
from chalicelib.identity.accounts.profile import change_profile
from chalicelib.identity.accounts.schemas import Profile, ProfilePatch, profile_of
from chalicelib.platform.errors import Conflict, HeaderInvalid, VersionMismatch, invalid
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Request, api


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
