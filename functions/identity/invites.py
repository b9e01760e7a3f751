"""Invitations, for whoever got one."""

from __future__ import annotations

from chalicelib.identity.accounts import EmailTaken, MethodDisabled, PasswordTooWeak
from chalicelib.identity.invites import InviteInvalid, InviteStale
from chalicelib.identity.invites.accepting import accept, pending, role_names
from chalicelib.identity.invites.schemas import AcceptInviteRequest, InviteInfo, InviteTokenRequest
from chalicelib.identity.sessions import transport
from chalicelib.identity.sessions.schemas import TokensAnswer
from chalicelib.platform.http import Answer, Grant, Limits, Request, api
from chalicelib.platform.sites import ACADEMY_NAME

HASHING_MEMORY = 512
"""MiB: room for four Argon2id hashes, and the share of a processor that comes with it."""

COUNTED = [Limits.AUTH_ADDRESS, Limits.AUTH_FAILURES]


@api.post(
    "/v1/auth/invite-info",
    public=True,
    limits=COUNTED,
    limits_beside=True,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE],
    raises=[InviteInvalid],
    examples={"token": "inv1.01JH…"},
)
def invite_info(body: InviteTokenRequest, request: Request) -> InviteInfo:
    """What an invitation is to, for the page that its link opens."""
    invite = pending(body.token, transport.device_of(request), request.counting.settle)
    return InviteInfo(
        email=invite.email,
        name=invite.name,
        type=invite.type,
        role_names=role_names(invite),
        academy_name=ACADEMY_NAME(),
        expires_at=invite.expires_at,
    )


@api.post(
    "/v1/auth/accept-invite",
    public=True,
    status=201,
    limits=[Limits.AUTH, *COUNTED],
    limits_beside=True,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_SIGN, Grant.SECRET_PERSONAL],
    raises=[InviteInvalid, InviteStale, EmailTaken, PasswordTooWeak, MethodDisabled],
    memory=HASHING_MEMORY,
    loads=["jwt", "argon2"],
    examples={"token": "inv1.01JH…", "name": "Meera Nair", "password": "correct horse battery staple"},
)
def accept_invite(body: AcceptInviteRequest, request: Request) -> Answer[TokensAnswer]:
    """Accept an invitation: choose a name and a password, and be signed in.

    The e-mail address counts as verified. Where the academy asks staff for a second factor, these tokens allow only to
    set one up. Use `autocomplete="new-password"` on the field.
    """
    device = transport.device_of(request, body.device_label)
    return transport.tokens_handed_out(accept(body, device, request.counting.settle))
