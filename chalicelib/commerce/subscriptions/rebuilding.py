"""A card compared with its sources on demand, and rebuilt from them (ENT-07)."""

from __future__ import annotations

from chalicelib.commerce.subscriptions.card import CardFull
from chalicelib.commerce.subscriptions.comparing import Differences, compare, due_of, put_right
from chalicelib.commerce.subscriptions.errors import AccessCardFull
from chalicelib.commerce.subscriptions.staff import card_now
from chalicelib.platform import audit, clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import RequestModel, ResponseModel
from chalicelib.platform.store import Transaction, TransactionLost

REBUILD = audit.AuditAction("accesscard.rebuild", "Staff had an access card rebuilt from what it is made of")
TRIES = 3


class RebuildRequest(RequestModel):
    """Whether only to look."""

    dry_run: bool = True


class CardDifferences(ResponseModel):
    """Ids of entitlements, and plan families, in which a card and its sources differ.

    `lacking`: missing on the card, or with another time or less scope; `surplus`: on the card, but revoked or gone;
    `wider`: with more scope than granted; `families`: with other periods.
    """

    lacking: list[str]
    surplus: list[str]
    wider: list[str]
    families: list[str]


class Rebuilt(ResponseModel):
    """What differed, and whether that was put right."""

    differences: CardDifferences
    different: bool
    applied: bool


def rebuild(card: AccessCard, by: Caller, *, dry_run: bool) -> Rebuilt:
    """Compare the card's entitlements and periods with their items; write what differs unless it is a dry run.

    Two queries side by side, and a transaction where something differs. Raises ``AccessCardFull``, ``Conflict``.
    """
    user_id = str(card.user_id)
    for _ in range(TRIES):
        now = clock.epoch()
        should = due_of(user_id, now)
        differences = compare(card, should, now)
        if dry_run or not differences:
            return _answer(differences, applied=False)
        tx = Transaction()
        try:
            put_right(tx, card, should, differences, now)
        except CardFull as full:
            raise AccessCardFull from full
        audit.write(tx, REBUILD, user_id, by=by, meta=differences.plain())
        try:
            tx.commit()
        except TransactionLost:
            # Something was bought, granted or revoked meanwhile: that may have been the difference.
            card = card_now(user_id)
        else:
            return _answer(differences, applied=True)
    raise Conflict


def _answer(differences: Differences, *, applied: bool) -> Rebuilt:
    shown = CardDifferences.model_validate(differences.plain())
    return Rebuilt(differences=shown, different=bool(differences), applied=applied)
