"""How an account comes into being: always the same items, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from chalicelib.identity import roles
from chalicelib.identity.accounts import passwords
from chalicelib.identity.accounts.errors import EmailTaken
from chalicelib.identity.accounts.items import KnownDevice, Login, User, UserHash, phone_index
from chalicelib.identity.accounts.minors import is_minor
from chalicelib.identity.accounts.normalization import normalize_email, normalize_phone
from chalicelib.identity.accounts.user_hash import user_hash
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import STUDENT_ROLE, UserType
from chalicelib.platform.audit import SYSTEM, Actor, AuditAction
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.masking import mask_email
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost

USER_REGISTER = AuditAction("user.register", "An account was registered, seeded or imported")

REGISTERED = "REGISTER"
SEEDED = "SEED"


@frozen
class NewAccount:
    """What an account starts with. ``email`` and ``phone`` are normalized; ``roles`` are as they were just read.

    ``password_hash`` is None for somebody whom an external provider vouches for. ``date_of_birth``: a day (ISO 8601);
    no wish for marketing mails counts of those under age, whose guardian was not asked (USR-50).
    """

    email: str
    name: str
    user_type: str
    password_hash: str | None
    created_via: str
    phone: str | None = None
    terms_version: str | None = None
    marketing_email: bool = False
    must_change_password: bool = False
    email_verified: bool = False
    date_of_birth: str | None = None
    guardian_email: str | None = None
    roles: Sequence[roles.Role] = ()
    user_id: str = field(default_factory=new_ulid)

    @property
    def role_keys(self) -> list[str]:
        """Students hold their one role by their type."""
        return [str(role.key) for role in self.roles] or [STUDENT_ROLE]


def add_account(
    tx: Transaction,
    new: NewAccount,
    *,
    by: Actor | Caller = SYSTEM,
    sessions: Mapping[str, Any] | None = None,
    devices: Mapping[str, Any] | None = None,
) -> None:
    """Add an account to a transaction: Login, User, AccessCard, PhoneIndex, KnownDevice, UserHash, roles, audit.

    ``sessions``: the card's entries of sessions that begin in the same transaction; ``devices``: those they begin on.
    When the action ``login`` loses, the e-mail is taken.
    """
    now = clock.now()
    hashed = user_hash(new.user_id)
    login = Login(
        *Login.place(new.email),
        email=new.email,
        user_id=new.user_id,
        type=new.user_type,
        password_hash=new.password_hash,
        password_changed_at=now if new.password_hash is not None else None,
    )
    login.index()
    tx.put(login, when=store.absent(Login), name="login")
    tx.put(_user(new, hashed, signed_in=bool(sessions)), when=store.absent(User))
    tx.put(_card(new, sessions or {}), when=store.absent(AccessCard))
    if new.phone is not None:
        tx.put(phone_index(new.user_id, new.user_type, new.phone))
    tx.put(KnownDevice(*KnownDevice.place(new.user_id), user_id=new.user_id, devices=dict(devices or {})))
    tx.put(UserHash(*UserHash.place(hashed, new.user_id), user_id=new.user_id))
    roles.add_holder(tx, new.roles, new.user_id, by_user_id=by.user_id)
    meta = {"email": mask_email(new.email), "type": new.user_type, "roles": new.role_keys, "via": new.created_via}
    audit.write(tx, USER_REGISTER, new.user_id, by=by, meta=meta)


def _user(new: NewAccount, hashed: str, *, signed_in: bool) -> User:
    now = clock.now()
    user = User(
        *User.place(new.user_id),
        id=new.user_id,
        email=new.email,
        email_verified_at=now if new.email_verified else None,
        phone=new.phone,
        name=new.name,
        type=new.user_type,
        created_via=new.created_via,
        user_hash=hashed,
        terms_version=new.terms_version,
        terms_accepted_at=now if new.terms_version else None,
        marketing_email=new.marketing_email and not is_minor(new.date_of_birth),
        date_of_birth=new.date_of_birth,
        guardian_email=new.guardian_email,
        must_change_password=new.must_change_password,
        last_login_at=clock.day_start(clock.academy_day(now)) if signed_in else None,
        created_at=now,
        updated_at=now,
    )
    user.index(new.role_keys)
    return user


def _card(new: NewAccount, sessions: Mapping[str, Any]) -> AccessCard:
    return AccessCard(
        *AccessCard.place(new.user_id),
        user_id=new.user_id,
        user_type=new.user_type,
        status="ACTIVE",
        role_keys=new.role_keys,
        permissions=roles.permissions_of(new.roles) or None,
        sessions=dict(sessions),
        must_change_password=new.must_change_password,
    )


def open_account(new: NewAccount, *, by: Actor | Caller = SYSTEM) -> str:
    """Create an account without signing it in, and answer its id. Raises ``EmailTaken``, ``TransactionLost``."""
    tx = Transaction()
    add_account(tx, new, by=by)
    try:
        tx.commit()
    except TransactionLost as lost:
        if lost.failed("login"):
            raise EmailTaken from lost
        raise
    return new.user_id


def create_staff(
    email: str,
    password: str,
    name: str,
    role_keys: Sequence[str],
    *,
    user_type: UserType = UserType.ADMIN,
    phone: str | None = None,
    must_change_password: bool = False,
    created_via: str = SEEDED,
    by: Actor | Caller = SYSTEM,
) -> str:
    """Create an admin or operator with roles, and answer the id: for the seed and for demonstrations.

    The password must be good enough for staff. Raises ``EmailTaken``, ``PasswordTooWeak``, ``RoleNotFound``,
    ``WouldEscalate`` when ``by`` lacks what a role allows, ``ValueError`` for something that is no e-mail, or for a
    role of another user type (ACC-57).
    """
    address = normalize_email(email)
    passwords.check_password(password, user_type=user_type, email=address, name=name)
    hashed = passwords.hash_password(password)

    def work(held: list[roles.Role]) -> str:
        if not held or any(role.user_type != user_type for role in held):
            raise ValueError(f"an account of type {user_type} holds roles of that type")
        if isinstance(by, Caller):
            roles.require_held(by, held)
        new = NewAccount(
            address,
            name,
            str(user_type),
            hashed,
            created_via,
            phone=normalize_phone(phone) if phone else None,
            must_change_password=must_change_password,
            email_verified=True,
            roles=held,
        )
        return open_account(new, by=by)

    return roles.with_fresh_roles(list(dict.fromkeys(role_keys)), work)


def create_student(
    email: str,
    password: str,
    name: str,
    *,
    phone: str | None = None,
    created_via: str = SEEDED,
    by: Actor | Caller = SYSTEM,
) -> str:
    """Create a student and answer the id: for demonstrations. Raises ``EmailTaken``, ``PasswordTooWeak``."""
    address = normalize_email(email)
    passwords.check_password(password, user_type=UserType.STUDENT, email=address, name=name)
    new = NewAccount(
        address,
        name,
        str(UserType.STUDENT),
        passwords.hash_password(password),
        created_via,
        phone=normalize_phone(phone) if phone else None,
    )
    return open_account(new, by=by)
