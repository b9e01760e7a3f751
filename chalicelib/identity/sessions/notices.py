"""Mails to the owner of an account about its sign-ins and its second factor (AUTH-34, AUTH-44, AUTH-71)."""

from __future__ import annotations

from enum import StrEnum

from chalicelib.identity.accounts import User
from chalicelib.identity.sessions.device import Device
from chalicelib.platform import clock, messages, signals
from chalicelib.platform.errors import ApiError
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import count_metric
from chalicelib.platform.messages import MessageClass, Template
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import Transaction, TransactionLost

AUTH_NEW_DEVICE = Template("AUTH_NEW_DEVICE", MessageClass.SECURITY, ("at", "device"), ("place", "userName"))
AUTH_LOGIN_ATTACK = Template("AUTH_LOGIN_ATTACK", MessageClass.SECURITY, ("at",), ("userName",))
AUTH_MFA_CHANGED = Template("AUTH_MFA_CHANGED", MessageClass.SECURITY, ("at", "device", "change"), ("userName",))


class FactorChange(StrEnum):
    """What happened to a second factor."""

    ENABLED = "ENABLED"
    DISABLED = "DISABLED"
    RESET = "RESET"
    RECOVERY_CODES = "RECOVERY_CODES"
    RECOVERY_USED = "RECOVERY_USED"


def add_factor_changed(tx: Transaction, user: User, change: FactorChange, device: str) -> None:
    """Add the mail that the second factor changed; ``device``: from where."""
    messages.post(
        tx,
        AUTH_MFA_CHANGED,
        user.email,
        dedup=f"AUTH_MFA_CHANGED:{user.id}:{new_ulid()}",
        user_id=user.id,
        locale=user.locale,
        payload={"at": clock.iso(clock.now()), "device": device, "change": str(change), "userName": user.name},
    )


def add_new_device(tx: Transaction, user: User, device: Device) -> None:
    """Add the mail «new sign-in», at most one a day and device; when ``message`` loses, it was put today already."""
    now = clock.now()
    messages.post(
        tx,
        AUTH_NEW_DEVICE,
        user.email,
        dedup=f"AUTH_NEW_DEVICE:{user.id}:{device.agent_hash}:{clock.academy_day(now)}",
        user_id=user.id,
        locale=user.locale,
        payload={"at": clock.iso(now), "device": device.agent_shown, "userName": user.name},
    )


def tell_of_attack(account: str, email: str, user: User | None) -> None:
    """That somebody keeps trying passwords of an account: a signal, and once a day a mail to its owner.

    ``account``: its pseudonym. For an address without an account the same is written, and nothing is sent. Fails
    nothing: the attempt has been counted.
    """
    kind, medium = SignalType.LOGIN_BRUTE_FORCE, Severity.MEDIUM
    signals.notice(kind, medium, user_id=user.id if user else None, subject=account)
    now = clock.now()
    tx = Transaction()
    dedup = f"AUTH_LOGIN_ATTACK:{account}:{clock.academy_day(now)}"
    if user is None:
        messages.post_decoy(tx, AUTH_LOGIN_ATTACK, email, dedup=dedup, expires_at=now)
    else:
        payload = {"at": clock.iso(now), "userName": user.name}
        messages.post(
            tx, AUTH_LOGIN_ATTACK, user.email, dedup=dedup, user_id=user.id, locale=user.locale, payload=payload
        )
    try:
        tx.commit()
    except (TransactionLost, ApiError):
        count_metric("AttackMailLeftOut")
