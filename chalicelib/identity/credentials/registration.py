"""Registering (AUTH-01): the account, its first session, and the code that verifies its address, in one transaction."""

from __future__ import annotations

from collections.abc import Callable

from chalicelib.identity.accounts import REQUIRE_VERIFIED_EMAIL, NewAccount, require_local
from chalicelib.identity.credentials import codes, requesting, templates
from chalicelib.identity.credentials.codes import Purpose
from chalicelib.identity.credentials.items import OtpCode
from chalicelib.identity.credentials.requesting import Asked
from chalicelib.identity.sessions import Device, RegisterRequest, Tokens, sign_up
from chalicelib.platform.store import Transaction


def register(wish: RegisterRequest, device: Device, counted: Callable[[], object]) -> Tokens | OtpCode:
    """Create a student. Tokens, or where the address must be verified first, the code that it waits for.

    Raises ``MethodDisabled``, ``RegistrationClosed``, ``PasswordTooWeak``, ``EmailTaken``, ``RateLimited``.
    """
    require_local()
    begun: list[OtpCode] = []

    def verification(tx: Transaction, new: NewAccount) -> None:
        item, code = codes.issue(new.email, Purpose.VERIFY_EMAIL, user_id=new.user_id)
        # Nobody was written to before: what an address without an account asked for was never sent.
        tx.put(item)
        facts: dict[str, object] = {"ttlMinutes": codes.AUTH_OTP_TTL_MINUTES(), "userName": new.name}
        requesting.add_mail(tx, templates.AUTH_VERIFY, item, Asked(new.email, None, None), facts, {"code": code})
        begun.append(item)

    tokens = sign_up(wish, device, counted, verification, signed_in=not REQUIRE_VERIFIED_EMAIL())
    return tokens or begun[-1]
