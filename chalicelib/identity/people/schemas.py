"""What the endpoints about people take and answer."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.identity.accounts import BLOCKED, Email, Name, Password, Phone, User
from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel

Type = Literal["STUDENT", "ADMIN", "OPERATOR"]
Status = Literal["ACTIVE", "BLOCKED", "DELETED"]
Reason = Annotated[str, Characters(3, 500)]


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class UsersQuery(ListQuery):
    """Which users.

    ``search``: with ``@`` the beginning of an e-mail; digits, or a ``+``, the beginning of a phone number; else the
    beginning of the name, whatever its accents and capitals.
    """

    type: Type = Field(default="STUDENT")
    search: Annotated[str, Characters(2, 100)] | None = Field(
        default=None,
        description="With `@` the beginning of an e-mail; digits or `+` the beginning of a phone number (up to ten"
        " digits that begin with 6 to 9 are an Indian one); else the beginning of the name",
    )
    status: Status | None = None


class UserRow(ResponseModel):
    """Somebody in a list. Of a deleted account only the id and its times are left.

    ``subscriptionEndsAt``: until when a student has something, as far as it is bought or given; null: nothing.
    """

    id: str
    name: str
    email: str | None
    phone: str | None
    type: str
    status: str
    role_keys: list[str]
    created_at: Instant
    last_login_at: Instant | None
    subscription_ends_at: Instant | None = None

    @classmethod
    def of(cls, user: User) -> UserRow:
        """The row of a user."""
        return cls.model_validate(plain(user.row))


class BlockFacts(ResponseModel):
    """Since when somebody is blocked, why, and by whom."""

    blocked_at: Instant
    reason: str | None
    by_user_id: str | None


class FactorState(ResponseModel):
    """Whether a second factor is set up."""

    enrolled: bool


class UserDetail(ResponseModel):
    """Somebody as staff see them; nothing of how they sign in. ``liveSessions``: how many there are."""

    id: str
    name: str
    email: str | None
    email_verified: bool
    phone: str | None
    phone_verified: bool
    type: str
    status: str
    locale: str | None
    avatar_asset_id: str | None
    role_keys: list[str]
    grants: list[str]
    denies: list[str]
    block: BlockFacts | None
    live_sessions: int
    mfa: FactorState
    must_change_password: bool
    created_via: str
    terms_version: str | None
    terms_accepted_at: Instant | None
    marketing_email: bool
    date_of_birth: str | None
    guardian_email: str | None
    deletion_due_at: Instant | None
    last_login_at: Instant | None
    created_at: Instant
    updated_at: Instant
    version: int

    @classmethod
    def of(cls, user: User, card: AccessCard) -> UserDetail:
        """The details of a user with their card."""
        same = {name: getattr(user, name) for name in _SAME}
        return cls(
            **same,
            email_verified=user.email_verified_at is not None,
            phone_verified=user.phone_verified_at is not None,
            role_keys=list(card.role_keys or ()),
            grants=sorted(str(name) for name in card.grants or ()),
            denies=sorted(str(name) for name in card.denies or ()),
            block=_block_of(user),
            live_sessions=_live(card),
            mfa=FactorState(enrolled=bool(card.mfa_enrolled)),
            must_change_password=bool(card.must_change_password),
            marketing_email=bool(user.marketing_email),
            version=int(user.version),
        )


_SAME = [
    "id",
    "name",
    "email",
    "phone",
    "type",
    "status",
    "locale",
    "avatar_asset_id",
    "created_via",
    "terms_version",
    "terms_accepted_at",
    "date_of_birth",
    "guardian_email",
    "deletion_due_at",
    "last_login_at",
    "created_at",
    "updated_at",
]


def _block_of(user: User) -> BlockFacts | None:
    if user.status != BLOCKED:
        return None
    return BlockFacts(blocked_at=user.blocked_at, reason=user.blocked_reason, by_user_id=user.blocked_by_user_id)


def _live(card: AccessCard) -> int:
    entries: list[dict[str, Any]] = list(plain(card.sessions).values())
    return sum(1 for entry in entries if int(entry["exp"]) > clock.epoch())


class StatusRequest(RequestModel):
    """Block or unblock; a reason is needed to block."""

    status: Literal["ACTIVE", "BLOCKED"]
    reason: Reason | None = Field(default=None, examples=["Shares the account with others"])


class CorrectionRequest(RequestModel):
    """What support corrects of a profile; ``null`` removes ``phone``, the others cannot be removed."""

    name: Name = Field(default="", json_schema_extra=_without_default, examples=["Asha Verma"])
    phone: Phone | None = None
    email: Email = Field(default="", json_schema_extra=_without_default)
    reason: Reason = Field(examples=["The student called: the name was misspelt"])


class DeletionRequest(RequestModel):
    """That one's own account is to be deleted. ``acceptLoss``: what was paid for and still runs may be lost."""

    password: Password | None = None
    reason: Annotated[str, Characters(1, 500)] | None = None
    accept_loss: bool = False


class DeletionScheduled(ResponseModel):
    """When the account will be erased; until then it can be kept after all."""

    deletion_due_at: Instant
