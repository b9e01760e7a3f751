"""Invitations, and the mark that an e-mail address has one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from pynamodb.attributes import ListAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.platform import clock
from chalicelib.platform.access.card import plain
from chalicelib.platform.store import InstantAttribute, Item, Key, Query, read
from chalicelib.platform.store.patterns import AccessPattern

PENDING, ACCEPTED, REVOKED, EXPIRED = "PENDING", "ACCEPTED", "REVOKED", "EXPIRED"


class Invite(Item, discriminator="Invite"):
    """An invitation to become staff, or an operator of a study centre.

    ``token_hash``: SHA-256 (hex) of the token's secret; sending it again makes another. ``resent``: how often that
    happened. gsi1 lists a status by time; ``row`` has what lists show, in camelCase, instants as text, never the hash.
    """

    id = UnicodeAttribute()
    email = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    type = UnicodeAttribute()
    role_keys: ListAttribute[str] = ListAttribute(default=list)
    centre_id = UnicodeAttribute(null=True)
    token_hash = UnicodeAttribute()
    status = UnicodeAttribute(default=PENDING)
    invited_by_user_id = UnicodeAttribute()
    accepted_user_id = UnicodeAttribute(null=True)
    resent = NumberAttribute(default=0)
    expires_at = InstantAttribute()
    created_at = InstantAttribute()

    @staticmethod
    def place(invite_id: str) -> Key:
        """Where an invitation is."""
        return Key(f"INVITE#{invite_id}", "INVITE")

    @staticmethod
    def of_status(status: str) -> Query[Invite]:
        """Invitations of a status, newest first."""
        return Query(Invite, f"INVITES#{status}", index="gsi1", descending=True)

    @property
    def shown_status(self) -> str:
        """What it is at this moment: one whose time is over is expired before the nightly job says so."""
        return EXPIRED if self.status == PENDING and self.expires_at <= clock.now() else str(self.status)

    def index(self) -> None:
        """Set what lists find and show of it."""
        created = clock.iso(self.created_at)
        self.gsi1pk, self.gsi1sk = f"INVITES#{self.status}", f"{created}#{self.id}"
        self.row = {
            "id": self.id,
            "email": self.email,
            "name": self.name,
            "type": self.type,
            "roleKeys": list(self.role_keys),
            "centreId": self.centre_id,
            "status": self.status,
            "invitedByUserId": self.invited_by_user_id,
            "acceptedUserId": self.accepted_user_id,
            "resent": int(self.resent),
            "expiresAt": clock.iso(self.expires_at),
            "createdAt": created,
        }

    @property
    def facts(self) -> dict[str, Any]:
        """The row as plain data: what an invitation has that was read from the index."""
        return plain(self.row)

    def becoming(self, changes: Mapping[str, Any]) -> tuple[Invite, list[Action]]:
        """What it is after these changes, and the update that makes the stored one so; this copy stays as read."""
        after = cast(Invite, read(self.serialize()))
        for name, value in changes.items():
            setattr(after, name, value)
        after.version = int(self.version) + 1
        after.index()
        attributes = [getattr(Invite, name).set(value) for name, value in changes.items()]
        listed = [Invite.row.set(after.row), Invite.gsi1pk.set(after.gsi1pk), Invite.version.set(after.version)]
        return after, [*attributes, *listed]

    def still_pending(self) -> Condition:
        """That it waits for an answer, with the token and the end that were read."""
        return cast(
            Condition,
            (Invite.status == PENDING)
            & (Invite.token_hash == self.token_hash)
            & (Invite.expires_at == self.expires_at)
            & (Invite.version == self.version),
        )


class InviteEmail(Item, discriminator="InviteEmail"):
    """That an e-mail address has an invitation: only one waits at a time."""

    invite_id = UnicodeAttribute()
    expires_at = InstantAttribute()

    @staticmethod
    def place(email: str) -> Key:
        """Where the mark of a normalized address is."""
        return Key(f"INVITEMAIL#{email}", "INVITE")


def email_mark(email: str, invite_id: str, expires_at: datetime) -> InviteEmail:
    """The mark of an invitation."""
    return InviteEmail(
        *InviteEmail.place(email), invite_id=invite_id, expires_at=expires_at, ttl=int(expires_at.timestamp())
    )


def free_for(invite_id: str) -> Condition:
    """That no other invitation waits for that address."""
    over = InviteEmail.expires_at <= clock.now()
    return cast(Condition, InviteEmail.pk.does_not_exist() | over | (InviteEmail.invite_id == invite_id))


PATTERNS = (
    AccessPattern("the invitation of a token", Invite.place("<invite>"), 1),
    AccessPattern(
        "an invitation to be ended, and the mark of its address",
        (Invite.place("<invite>"), InviteEmail.place("<e-mail>")),
        2,
    ),
    AccessPattern("invitations of a status, newest first", Invite.of_status("<status>"), 0.5, consistent=False),
)
