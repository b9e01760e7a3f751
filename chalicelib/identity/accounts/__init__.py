"""Accounts: who somebody is, how they are told apart, and how an account comes into being."""

from chalicelib.identity.accounts.errors import EmailTaken, PasswordTooWeak, RegistrationClosed, UserNotFound
from chalicelib.identity.accounts.items import KnownDevice, Login, User
from chalicelib.identity.accounts.opening import NewAccount, add_account, create_staff, create_student
from chalicelib.identity.accounts.profile import OWN_USER, DisplayFacts, display_facts, user_key
from chalicelib.identity.accounts.user_hash import user_hash

__all__ = [
    "OWN_USER",
    "DisplayFacts",
    "EmailTaken",
    "KnownDevice",
    "Login",
    "NewAccount",
    "PasswordTooWeak",
    "RegistrationClosed",
    "User",
    "UserNotFound",
    "add_account",
    "create_staff",
    "create_student",
    "display_facts",
    "user_hash",
    "user_key",
]
