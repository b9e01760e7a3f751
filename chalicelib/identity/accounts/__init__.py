"""Accounts: who somebody is, how they are told apart, and how an account comes into being."""

from chalicelib.identity.accounts.errors import (
    EmailTaken,
    MethodDisabled,
    PasswordTooWeak,
    RegistrationClosed,
    UserNotFound,
)
from chalicelib.identity.accounts.items import KnownDevice, Login, User
from chalicelib.identity.accounts.local_sign_in import require_local
from chalicelib.identity.accounts.normalization import Email, Name, Phone, check_domain_allowed
from chalicelib.identity.accounts.opening import REGISTERED, NewAccount, add_account, create_staff, create_student
from chalicelib.identity.accounts.passwords import (
    NewPassword,
    Password,
    check_password,
    hash_password,
    is_outdated_hash,
    is_right_password,
)
from chalicelib.identity.accounts.profile import ANY_USER, OWN_USER, DisplayFacts, display_facts, user_key
from chalicelib.identity.accounts.user_hash import user_hash

__all__ = [
    "ANY_USER",
    "OWN_USER",
    "REGISTERED",
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
    "RegistrationClosed",
    "User",
    "UserNotFound",
    "add_account",
    "check_domain_allowed",
    "check_password",
    "create_staff",
    "create_student",
    "display_facts",
    "hash_password",
    "is_outdated_hash",
    "is_right_password",
    "require_local",
    "user_hash",
    "user_key",
]
