"""What follows from plans being given to many."""

from __future__ import annotations

from chalicelib.commerce.subscriptions import gifts
from chalicelib.commerce.subscriptions.events import GiftPlaced
from chalicelib.identity.accounts.events import EmailVerified
from chalicelib.platform.work import Grant, consumer

GIVES = [Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.LOGIN_READ, Grant.SECRET_DATA]


@consumer(on=[GiftPlaced], grants=GIVES)
def settle_gift(event: GiftPlaced) -> None:
    """Give a plan to one address of a batch, or let it wait for somebody who proves that it is theirs."""
    gifts.settle(event.batch_id, event.recipient)


@consumer(on=[EmailVerified], grants=GIVES)
def give_what_waited(event: EmailVerified) -> None:
    """Give a student the plans that waited for their address."""
    gifts.verified(event.user_id)
