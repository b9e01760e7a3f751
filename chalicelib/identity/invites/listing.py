"""The list of invitations (AUTH-15), and one as what a path names."""

from __future__ import annotations

from chalicelib.identity.invites.errors import InviteNotFound
from chalicelib.identity.invites.items import Invite
from chalicelib.identity.invites.schemas import InviteAnswer, InvitesQuery, answer_of
from chalicelib.platform.access.resources import ACADEMY, Resource
from chalicelib.platform.http import Page
from chalicelib.platform.http.lists import page

INVITE = Resource(
    param="invite",
    item=Invite,
    key=lambda path, _: Invite.place(path["inviteId"]),
    entity=lambda _: ACADEMY,
    missing=InviteNotFound,
)
"""An invitation that staff act upon."""


def for_staff(query: InvitesQuery, caller_id: str) -> Page[InviteAnswer]:
    """Invitations of a status, newest first."""
    return page("invites", caller_id, query, Invite.of_status(query.status), answer_of)
