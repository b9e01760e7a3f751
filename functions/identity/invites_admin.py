"""Invitations, for staff."""

from __future__ import annotations

from chalicelib.identity.accounts import EmailTaken
from chalicelib.identity.invites import (
    Invite,
    InviteNotFound,
    InviteNotPending,
    InvitePending,
    InviteResentTooOften,
    InviteStale,
    ending,
    sending,
)
from chalicelib.identity.invites.listing import INVITE, for_staff
from chalicelib.identity.invites.schemas import InviteAnswer, InvitesQuery, NewInvite, answer_of
from chalicelib.identity.roles import WouldEscalate
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Limits, Page, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]
SENDS = [*READS, Grant.TABLE_WRITE, Grant.LOGIN_READ, Grant.SECRET_DATA]


@api.post(
    "/v1/admin/invites",
    action=Actions.USERS_INVITE,
    status=201,
    limits=[Limits.INVITE],
    grants=SENDS,
    raises=[EmailTaken, InvitePending, WouldEscalate],
    idempotency=Idempotency.OPTIONAL,
    examples={"email": "meera@example.com", "name": "Meera Nair", "roleKeys": ["ADMIN_CONTENT"]},
)
def create_invite(body: NewInvite, caller: Caller) -> Answer[InviteAnswer]:
    """Invite somebody to the staff, or as an operator of study centres.

    They get a link by e-mail. Nobody can invite into a role with permissions that they do not have themselves.
    """
    invite = sending.invite(body, caller)
    return Answer(answer_of(invite), location=f"/v1/admin/invites/{invite.id}", version=int(invite.version))


@api.get("/v1/admin/invites", action=Actions.USERS_READ, grants=[*READS, Grant.SECRET_CURSOR])
def list_invites(query: InvitesQuery, caller: Caller) -> Page[InviteAnswer]:
    """Invitations of one status, newest first; without `status` those that wait for an answer.

    One whose time is over counts as `EXPIRED` at once, and moves to that list in the night.
    """
    return for_staff(query, caller.user_id)


@api.post(
    "/v1/admin/invites/{inviteId}/resend",
    action=Actions.USERS_INVITE,
    resource=INVITE,
    limits=[Limits.INVITE],
    grants=SENDS,
    raises=[
        InviteNotFound,
        InviteNotPending,
        InviteResentTooOften,
        InvitePending,
        InviteStale,
        EmailTaken,
        WouldEscalate,
        Conflict,
    ],
)
def resend_invite(invite: Invite, caller: Caller) -> Answer[InviteAnswer]:
    """Send an invitation again, at most 5 times.

    Its link is a new one, and the old one is dead; it runs its whole time again.
    """
    sent = sending.resend(invite, caller)
    return Answer(answer_of(sent), version=int(sent.version))


@api.delete(
    "/v1/admin/invites/{inviteId}",
    action=Actions.USERS_INVITE,
    resource=INVITE,
    status=204,
    grants=[*READS, Grant.TABLE_WRITE],
    raises=[InviteNotFound, InviteNotPending, Conflict],
)
def revoke_invite(invite: Invite, caller: Caller) -> None:
    """Take an invitation back; one that was accepted cannot be."""
    ending.revoke(invite.id, invite.email, caller)
