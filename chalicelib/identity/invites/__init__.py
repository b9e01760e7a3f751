"""Invitations: how staff and operators come to their accounts."""

from chalicelib.identity.invites.errors import (
    InviteInvalid,
    InviteNotFound,
    InviteNotPending,
    InvitePending,
    InviteResentTooOften,
    InviteStale,
)
from chalicelib.identity.invites.items import Invite

__all__ = [
    "Invite",
    "InviteInvalid",
    "InviteNotFound",
    "InviteNotPending",
    "InvitePending",
    "InviteResentTooOften",
    "InviteStale",
]
