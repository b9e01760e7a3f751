"""How a second factor comes and goes, as pieces of somebody else's transaction."""

from __future__ import annotations

from chalicelib.identity.factors import recovery, totp
from chalicelib.identity.factors.items import MfaFactor
from chalicelib.identity.factors.proving import checked_step, confirmed, unused
from chalicelib.platform import clock, sealing, store
from chalicelib.platform.records import frozen
from chalicelib.platform.store import ConditionFailed, Transaction


@frozen
class NewFactor:
    """What is shown once: the secret (base32), its ``otpauth://`` address, and the recovery codes."""

    secret: str
    uri: str
    recovery_codes: list[str]


def begin(user_id: str, *, account: str, issuer: str) -> NewFactor | None:
    """Keep a new factor that does not count yet, in the place of another such; None where one counts already.

    One round trip.
    """
    secret, codes = totp.new_secret(), recovery.new_recovery_codes()
    factor = MfaFactor(
        *MfaFactor.place(user_id),
        user_id=user_id,
        secret=sealing.seal(secret, about=user_id),
        recovery=recovery.hashes_of(user_id, codes),
        created_at=clock.now(),
    )
    try:
        store.put(factor, when=MfaFactor.confirmed_at.does_not_exist())
    except ConditionFailed:
        return None
    return NewFactor(secret, totp.uri(secret, account=account, issuer=issuer), codes)


def confirm(tx: Transaction, factor: MfaFactor, code: str) -> None:
    """Add that a factor counts from now on, by a code of its app. Raises ``MfaCodeInvalid``.

    When ``factor`` loses, it was confirmed or replaced at the same moment.
    """
    actions = [
        MfaFactor.confirmed_at.set(clock.now()),
        MfaFactor.last_step.set(checked_step(factor, code)),
        MfaFactor.version.add(1),
    ]
    pending = MfaFactor.confirmed_at.does_not_exist() & (MfaFactor.secret == factor.secret)
    tx.update(MfaFactor, factor.itself, actions, when=pending, name="factor")


def renew_recovery_codes(tx: Transaction, factor: MfaFactor | None, code: str) -> list[str]:
    """Add that new recovery codes replace all others, by a code that is used up with it. Raises ``MfaCodeInvalid``."""
    own, codes = confirmed(factor), recovery.new_recovery_codes()
    actions = [MfaFactor.recovery.set(recovery.hashes_of(own.user_id, codes)), MfaFactor.version.add(1)]
    condition = unused(own, code)
    if recovery.is_shaped(code):
        tx.update(MfaFactor, own.itself, actions, when=condition, name="factor")
    else:
        step = MfaFactor.last_step.set(checked_step(own, code))
        tx.update(MfaFactor, own.itself, [step, *actions], when=condition, name="factor")
    return codes


def remove(tx: Transaction, factor: MfaFactor | None, code: str) -> None:
    """Add that the factor goes, by one of its codes. Raises ``MfaCodeInvalid``."""
    own = confirmed(factor)
    tx.delete(MfaFactor, own.itself, when=unused(own, code), name="factor")


def remove_without_code(tx: Transaction, user_id: str) -> None:
    """Add that somebody's factor goes, whether there is one or not: by staff, or with the account."""
    tx.delete(MfaFactor, MfaFactor.place(user_id), name="factor")
