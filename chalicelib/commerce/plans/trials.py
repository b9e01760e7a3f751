"""Trials (SUB-45): a plan of price 0, once for each person; and so for each verified e-mail address and phone number.

Whoever deletes an account and comes again, or opens a second one, is known by a pseudonym of the address: it tells
nobody whose it is, and stays when the account is erased.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from chalicelib.commerce.plans.errors import PlanLimitReached
from chalicelib.commerce.plans.items import TrialUse
from chalicelib.identity.accounts import EmailNotVerified, User
from chalicelib.platform import store
from chalicelib.platform.secrets import secret
from chalicelib.platform.store import Transaction

PAYER_KEY = secret("PAYER_KEY")

_DOTS_IGNORED = frozenset({"gmail.com", "googlemail.com"})


def contacts_of_newcomer(key: str, user_id: str) -> list[str]:
    """Pseudonyms of somebody's verified addresses, none of which has had this trial. One read, one batch read.

    Raises ``EmailNotVerified`` without any, ``PlanLimitReached`` when one had it.
    """
    user = store.get(User, User.place(user_id))
    contacts = _contacts(user) if user is not None else []
    if not contacts:
        raise EmailNotVerified
    if any(store.get_many([TrialUse.place(key, one) for one in contacts])):
        raise PlanLimitReached
    return contacts


def claim(tx: Transaction, key: str, contacts: Sequence[str], order_id: str, name: str) -> None:
    """Note that these addresses have had the trial now; the transaction loses if one had it from another order."""
    for contact in contacts:
        place = TrialUse.place(key, contact)
        free = TrialUse.pk.does_not_exist() | (TrialUse.order_id == order_id)
        tx.put(TrialUse(place.pk, place.sk, order_id=order_id), when=free, name=f"{name}:{contact}")


def _contacts(user: User) -> list[str]:
    found = []
    if user.email is not None and user.email_verified_at is not None:
        found.append(f"e-mail:{_inbox(str(user.email))}")
    if user.phone is not None and user.phone_verified_at is not None:
        found.append(f"phone:{user.phone}")
    return [_pseudonym(one) for one in found]


def _inbox(email: str) -> str:
    """The address without what its provider ignores: ``a.b+trial2@gmail.com`` is ``ab@gmail.com``'s."""
    local, _, domain = email.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _DOTS_IGNORED:
        local, domain = local.replace(".", ""), "gmail.com"
    return f"{local}@{domain}"


def _pseudonym(contact: str) -> str:
    return hmac.new(f"trial:{PAYER_KEY()}".encode(), contact.encode(), hashlib.sha256).hexdigest()[:32]
