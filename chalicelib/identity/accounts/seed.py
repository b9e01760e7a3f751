"""The first super-admin (AUTH-31)."""

from __future__ import annotations

from chalicelib.identity.accounts import passwords
from chalicelib.identity.accounts.errors import EmailTaken, PasswordTooWeak
from chalicelib.identity.accounts.items import Login
from chalicelib.identity.accounts.normalization import normalize_email
from chalicelib.identity.accounts.opening import create_staff
from chalicelib.platform import settings, store
from chalicelib.platform.access.catalogue import SUPER_ADMIN, UserType
from chalicelib.platform.secrets import secret

SUPERADMIN_EMAIL = settings.text("SUPERADMIN_EMAIL")
SUPERADMIN_NAME = settings.text("SUPERADMIN_NAME", default="Super-admin")
SUPERADMIN_PASSWORD = secret("SUPERADMIN_PASSWORD")

EXAMPLES = ("changeme", "change-me", "example", "default", "secret", "password", "superadmin", "test-")
LOCAL = "local-"


class SeedRefused(Exception):
    """Nothing was changed, because something stands in the way: says what, never a secret."""


def super_admin_to_create() -> str | None:
    """The e-mail of the super-admin who is still missing; None when there is nothing to do.

    Changes nothing. Raises ``SeedRefused`` when the address is none, belongs to somebody who is not staff, or the
    password is a default, empty or too weak (AUTH-73).
    """
    given = SUPERADMIN_EMAIL().strip()
    if not given:
        return None
    try:
        email = normalize_email(given)
    except ValueError as error:
        raise SeedRefused("SUPERADMIN_EMAIL is no e-mail address") from error
    login = store.get(Login, Login.place(email))
    if login is None:
        _check_password(email)
        return email
    if login.type != UserType.ADMIN:
        raise SeedRefused("SUPERADMIN_EMAIL belongs to an account that is not staff")
    return None


def _check_password(email: str) -> None:
    password = SUPERADMIN_PASSWORD.fetch()
    plain = password.strip().lower()
    if not plain or plain.startswith(EXAMPLES) or (plain.startswith(LOCAL) and not settings.is_local()):
        raise SeedRefused("SUPERADMIN_PASSWORD is empty or an example")
    try:
        passwords.check_password(password, user_type=UserType.ADMIN, email=email, name=SUPERADMIN_NAME())
    except PasswordTooWeak as error:
        raise SeedRefused("SUPERADMIN_PASSWORD is too easy to guess") from error


def create_super_admin(email: str) -> bool:
    """Create the super-admin, who must change the password; False when somebody else just did."""
    try:
        create_staff(email, SUPERADMIN_PASSWORD(), SUPERADMIN_NAME(), [SUPER_ADMIN], must_change_password=True)
    except EmailTaken:
        return False
    return True
