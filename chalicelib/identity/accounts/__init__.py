"""Accounts: who somebody is, how they are told apart, and how an account comes into being."""

from chalicelib.identity.accounts.anonymizing import anonymize
from chalicelib.identity.accounts.errors import (
    EmailTaken,
    MethodDisabled,
    PasswordTooWeak,
    RegistrationClosed,
    UserNotFound,
)
from chalicelib.identity.accounts.items import (
    ACTIVE,
    BLOCKED,
    DELETED,
    KnownDevice,
    Login,
    PhoneIndex,
    User,
    UserHash,
    folded,
)
from chalicelib.identity.accounts.local_sign_in import require_local
from chalicelib.identity.accounts.minors import BirthDate, check_asked, is_minor
from chalicelib.identity.accounts.moving import AUTH_EMAIL_CHANGED, EMAIL_CHANGED, move_login, tell_of_move
from chalicelib.identity.accounts.normalization import (
    Email,
    Name,
    Phone,
    check_domain_allowed,
    check_name,
    normalize_email,
)
from chalicelib.identity.accounts.opening import REGISTERED, NewAccount, add_account, create_staff, create_student
from chalicelib.identity.accounts.passwords import (
    NewPassword,
    Password,
    check_password,
    hash_password,
    is_outdated_hash,
    is_right_password,
)
from chalicelib.identity.accounts.profile import (
    ANY_USER,
    OWN_USER,
    USER_UPDATE,
    DisplayFacts,
    add_changes,
    display_facts,
    masked_changes,
    user_key,
)
from chalicelib.identity.accounts.user_hash import user_hash

__all__ = [
    "ACTIVE",
    "ANY_USER",
    "AUTH_EMAIL_CHANGED",
    "BLOCKED",
    "DELETED",
    "EMAIL_CHANGED",
    "OWN_USER",
    "REGISTERED",
    "USER_UPDATE",
    "BirthDate",
    "DisplayFacts",
    "Email",
    "EmailTaken",
    "KnownDevice",
    "Login",
    "MethodDisabled",
    "Name",
    "NewAccount",
    "NewPassword",
    "Password",
    "PasswordTooWeak",
    "Phone",
    "PhoneIndex",
    "RegistrationClosed",
    "User",
    "UserHash",
    "UserNotFound",
    "add_account",
    "add_changes",
    "anonymize",
    "check_asked",
    "check_domain_allowed",
    "check_name",
    "check_password",
    "create_staff",
    "create_student",
    "display_facts",
    "folded",
    "hash_password",
    "is_minor",
    "is_outdated_hash",
    "is_right_password",
    "masked_changes",
    "move_login",
    "normalize_email",
    "require_local",
    "tell_of_move",
    "user_hash",
    "user_key",
]
