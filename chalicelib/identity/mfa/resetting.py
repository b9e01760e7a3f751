"""Staff remove the second factor of somebody who lost phone and recovery codes (AUTH-29)."""

from __future__ import annotations

from chalicelib.identity import factors, roles
from chalicelib.identity.accounts import User
from chalicelib.identity.mfa.owner import MFA_RESET, mark_login
from chalicelib.identity.sessions import ADMIN, FactorChange, add_factor_changed, all_ended
from chalicelib.platform import audit
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.proof import require_recent
from chalicelib.platform.errors import Conflict
from chalicelib.platform.sites import ACADEMY_NAME
from chalicelib.platform.store import Transaction, TransactionLost


def reset(user: User, card: AccessCard, *, by: Caller, reason: str) -> None:
    """Remove the factor, end all sessions, tell the person; nothing where there is no factor. Two round trips.

    Raises ``ReauthRequired``, ``TargetOutranks`` for somebody mightier, ``Conflict`` when the account changed at the
    same moment.
    """
    require_recent(by)
    roles.require_not_outranked(by, card)
    if not card.mfa_enrolled:
        return
    tx = Transaction()
    factors.remove_without_code(tx, user.id)
    actions = [*all_ended(ADMIN), AccessCard.mfa_enrolled.set(False)]
    still_enrolled = (AccessCard.mfa_enrolled == True) & (AccessCard.status == card.status)  # noqa: E712  # an expression
    tx.update(AccessCard, card.itself, actions, when=still_enrolled, name="card")
    mark_login(tx, user, enrolled=False)
    audit.write(tx, MFA_RESET, user.id, by=by, reason=reason)
    add_factor_changed(tx, user, FactorChange.RESET, ACADEMY_NAME())
    try:
        tx.commit()
    except TransactionLost as lost:
        raise Conflict from lost
