"""Does a student's card say what subscriptions and entitlements do (ACC-22)? By construction it does; what does not is
repaired.
"""

from __future__ import annotations

from dataclasses import replace

from chalicelib.commerce.subscriptions.card import CardFull
from chalicelib.commerce.subscriptions.comparing import Differences, compare, due_of, put_right
from chalicelib.platform import audit, clock
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.logs import alarm
from chalicelib.platform.store import Transaction, TransactionLost

REPAIR = audit.AuditAction("entitlement.repair", "A card opened other than entitlements say, and was repaired")


def repair_entitlements(card: AccessCard) -> bool:
    """Whether something was repaired. Two queries side by side; the card was read before them.

    What was merged, or moved out of something merged, may open more than the entitlement says, and stays.
    """
    if card.user_type != UserType.STUDENT:
        return False
    user_id, now = str(card.user_id), clock.epoch()
    should = due_of(user_id, now)
    differences = replace(compare(card, should, now), wider=())
    if not differences:
        return False
    tx = Transaction()
    try:
        put_right(tx, card, should, differences, now)
    except CardFull:
        alarm("an access card lacks entitlements and has no room", userId=user_id, lacking=len(differences.lacking))
        return False
    return _commit(tx, user_id, differences)


def _commit(tx: Transaction, user_id: str, differences: Differences) -> bool:
    audit.write(tx, REPAIR, user_id, meta=differences.plain())
    try:
        tx.commit()
    except TransactionLost:
        # A purchase came between the two reads: that is the difference, and its transaction wrote what is right.
        return False
    alarm("an access card had drifted", userId=user_id, **differences.plain())
    return True
