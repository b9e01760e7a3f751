"""What an account consists of: the person, the login, and the small items that find them again."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

ACTIVE = "ACTIVE"
BLOCKED = "BLOCKED"
DELETED = "DELETED"


def folded(name: str) -> str:
    """A name as it is searched: NFKD, accents removed, lower-case."""
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(character for character in decomposed if not unicodedata.combining(character)).lower()


class User(Item, discriminator="User"):
    """Who somebody is. What they may do stands on their access card.

    gsi1 lists a user type by time, gsi2 by folded name; ``row`` has the members of those lists in camelCase, instants
    as text: ``id, name, email, phone, type, status, roleKeys, createdAt, lastLoginAt, subscriptionEndsAt``.

    A deleted one (status DELETED) keeps the id: ``email``, ``user_hash``, ``locale`` and all that tells of the person
    are gone. ``recipients``: then the pseudonyms under which messages to the person were kept. ``date_of_birth``: a day
    (``2009-01-31``).
    """

    id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    email_verified_at = InstantAttribute(null=True)
    phone = UnicodeAttribute(null=True)
    phone_verified_at = InstantAttribute(null=True)
    name = UnicodeAttribute()
    type = UnicodeAttribute()
    status = UnicodeAttribute(default=ACTIVE)
    org_id = UnicodeAttribute(null=True)
    avatar_asset_id = UnicodeAttribute(null=True)
    locale = UnicodeAttribute(default_for_new="en-IN", null=True)
    created_via = UnicodeAttribute()
    user_hash = UnicodeAttribute(null=True)
    date_of_birth = UnicodeAttribute(null=True)
    guardian_email = UnicodeAttribute(null=True)
    terms_version = UnicodeAttribute(null=True)
    terms_accepted_at = InstantAttribute(null=True)
    marketing_email = BooleanAttribute(default=False)
    must_change_password = BooleanAttribute(default=False)
    blocked_at = InstantAttribute(null=True)
    blocked_reason = UnicodeAttribute(null=True)
    blocked_by_user_id = UnicodeAttribute(null=True)
    deletion_due_at = InstantAttribute(null=True)
    last_login_at = InstantAttribute(null=True)
    recipients = UnicodeSetAttribute(null=True)
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(user_id: str) -> Key:
        """Where the profile of somebody is."""
        return Key(f"USER#{user_id}", "PROFILE")

    def index(self, role_keys: list[str]) -> None:
        """Set what the lists of users find and show of this one."""
        created = clock.iso(self.created_at)
        self.gsi1pk, self.gsi1sk = f"USERS#{self.type}", f"{created}#{self.id}"
        self.gsi2pk, self.gsi2sk = f"USERNAME#{self.type}", self.name_key(self.name, self.id)
        self.row = {
            "id": self.id,
            "name": self.name,
            "email": self.email,
            "phone": self.phone,
            "type": self.type,
            "status": self.status,
            "roleKeys": role_keys,
            "createdAt": created,
            "lastLoginAt": clock.iso(self.last_login_at) if self.last_login_at else None,
            "subscriptionEndsAt": None,
        }

    @staticmethod
    def name_key(name: str, user_id: str) -> str:
        """The sort key by which a name is found."""
        return f"{folded(name)}#{user_id}"

    @staticmethod
    def newest(user_type: str, *, keep: Callable[[User], bool] | None = None) -> Query[User]:
        """People of a type, who came last first."""
        return Query(User, f"USERS#{user_type}", index="gsi1", descending=True, keep=keep)

    @staticmethod
    def named(user_type: str, beginning: str, *, keep: Callable[[User], bool] | None = None) -> Query[User]:
        """People of a type whose name begins so, by name."""
        return Query(User, f"USERNAME#{user_type}", index="gsi2", begins_with=folded(beginning), keep=keep)


class Login(Item, discriminator="Login"):
    """Makes an e-mail unique, and carries what sign-in needs in one read.

    ``password_hash``: an Argon2id string, null when no password was ever set. ``reset_generation`` voids older reset
    tokens.
    """

    email = UnicodeAttribute()
    user_id = UnicodeAttribute()
    type = UnicodeAttribute()
    password_hash = UnicodeAttribute(null=True)
    password_changed_at = InstantAttribute(null=True)
    reset_generation = NumberAttribute(default=0)
    mfa = BooleanAttribute(default=False)

    @staticmethod
    def place(email: str) -> Key:
        """Where the login of a normalized e-mail is."""
        return Key(f"EMAIL#{email}", "LOGIN")

    def index(self) -> None:
        """Set what finds the account by a prefix of its e-mail."""
        self.gsi1pk, self.gsi1sk = f"USEREMAIL#{self.type}", self.email
        self.row = {"userId": self.user_id}

    @staticmethod
    def beginning(user_type: str, email: str) -> Query[Login]:
        """The logins of a type whose e-mail begins so: who they are, nothing of how they sign in."""
        return Query(Login, f"USEREMAIL#{user_type}", index="gsi1", begins_with=email)


class PhoneIndex(Item, discriminator="PhoneIndex"):
    """Finds accounts by a prefix of their phone number; numbers are not unique."""

    user_id = UnicodeAttribute()
    phone = UnicodeAttribute()

    @staticmethod
    def place(user_id: str) -> Key:
        """Where somebody's number is."""
        return Key(f"USER#{user_id}", "PHONE")

    @staticmethod
    def beginning(user_type: str, phone: str) -> Query[PhoneIndex]:
        """The numbers of a type that begin so."""
        return Query(PhoneIndex, f"USERPHONE#{user_type}", index="gsi1", begins_with=phone)


def phone_index(user_id: str, user_type: str, phone: str) -> PhoneIndex:
    """The index item of a number."""
    return PhoneIndex(
        *PhoneIndex.place(user_id),
        user_id=user_id,
        phone=phone,
        gsi1pk=f"USERPHONE#{user_type}",
        gsi1sk=f"{phone}#{user_id}",
        row={"userId": user_id},
    )


class UserHash(Item, discriminator="UserHash"):
    """From the hash that stands in watermarks back to the person."""

    user_id = UnicodeAttribute()

    @staticmethod
    def place(user_hash: str, user_id: str) -> Key:
        """Where it is; two people who shared a hash would both be found."""
        return Key(f"UHASH#{user_hash}", f"USER#{user_id}")

    @staticmethod
    def of(user_hash: str) -> Query[UserHash]:
        """Whom a hash names: one person, unless two share it."""
        return Query(UserHash, f"UHASH#{user_hash}", begins_with="USER#", consistent=True)


class KnownDevice(Item, discriminator="KnownDevice"):
    """The devices somebody signed in from: hash of the user agent → when last (epoch seconds), at most 20."""

    user_id = UnicodeAttribute()
    devices: MapAttribute[str, Any] = MapAttribute(default=dict)

    @staticmethod
    def place(user_id: str) -> Key:
        """Where somebody's devices are."""
        return Key(f"USER#{user_id}", "DEVICES")


PATTERNS = (
    AccessPattern("the login of an e-mail address", Login.place("<e-mail>"), 1),
    AccessPattern("whom a watermark's hash names", UserHash.of("<hash>"), 1),
    AccessPattern("one's own profile, beside the card", (AccessCard.place("<user>"), User.place("<user>")), 2),
    AccessPattern(
        "what a sign-in writes to, while the password is being hashed",
        (AccessCard.place("<user>"), User.place("<user>"), KnownDevice.place("<user>")),
        3,
    ),
    AccessPattern("people of a type, newest first", User.newest("STUDENT"), 0.5, consistent=False),
    AccessPattern("people whose name begins so", User.named("STUDENT", "ash"), 0.5, consistent=False),
    AccessPattern("people whose e-mail begins so", Login.beginning("STUDENT", "asha@"), 0.5, consistent=False),
    AccessPattern("people whose phone begins so", PhoneIndex.beginning("STUDENT", "+9198"), 0.5, consistent=False),
)
