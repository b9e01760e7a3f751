"""Links to pay (PAY-124): staff prepare a checkout for one account, and mail it the way there.

The link is no secret: it opens nothing without the account's own session, and for any other account it is not there.
What it costs is worked out when it is paid, as in every checkout; that it can be bought is looked at when it is sent.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.commerce.payments import audited, pricing
from chalicelib.commerce.payments.errors import NotAStudent, PaymentLinkEnded, PaymentLinkNotFound
from chalicelib.commerce.payments.items import PaymentLink
from chalicelib.commerce.payments.link_schemas import LinkState, NewPaymentLink, PaymentLinkView, SentPaymentLink
from chalicelib.commerce.payments.looking import Found, look
from chalicelib.commerce.payments.pricing import Wanted
from chalicelib.commerce.payments.schemas import CheckoutRequest
from chalicelib.commerce.payments.templates import PAYMENT_LINK
from chalicelib.identity.accounts import DELETED, User, UserNotFound
from chalicelib.platform import audit, clock, messages, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.errors import invalid
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.parallel import together
from chalicelib.platform.sites import FRONTEND_URL
from chalicelib.platform.store import ConditionFailed, Transaction, absent

KEPT = timedelta(days=90)
"""So long it can still be seen what became of a link."""


def send(given: NewPaymentLink, by: Caller) -> SentPaymentLink:
    """Make a link and mail it. Two round trips.

    Raises ``UserNotFound``, ``NotAStudent``, what the plan's seller refuses, and 422 for a coupon that nobody knows.
    """
    body = CheckoutRequest.model_validate({"planKey": given.plan_key, "couponCode": given.coupon_code})
    wanted = pricing.wanted(body, given.user_id, "")
    profile, found = together(lambda: _people(given.user_id), lambda: look(wanted))
    user, card = cast("tuple[User, AccessCard]", profile)
    title = _offered(wanted, cast(Found, found), card)
    link = _link(given, wanted, title, by)
    tx = Transaction()
    tx.put(link, when=absent(PaymentLink), name="link")
    if user.email:
        _mail(tx, link, user)
    audit.write(tx, audited.LINK_SEND, link.id, by=by, meta={"userId": user.id, "planKey": link.plan_key})
    tx.commit()
    url = _url(link)
    return SentPaymentLink(**_facts(link), user_id=str(user.id), url=url, mailed=bool(user.email))


def _people(user_id: str) -> tuple[User, AccessCard]:
    user, card = store.get_many([User.place(user_id), AccessCard.place(user_id)])
    if not isinstance(user, User) or not isinstance(card, AccessCard) or user.status == DELETED:
        raise UserNotFound
    if user.type != UserType.STUDENT:
        raise NotAStudent
    return user, card


def _offered(wanted: Wanted, found: Found, card: AccessCard) -> str:
    """What the plan is called, if it can be sold to them now."""
    [line] = pricing.offers(wanted, found.items, card, clock.now())
    if found.coupon is not None and found.coupon.coupon is None:
        raise invalid("body.couponCode", "UNKNOWN", "there is no such coupon")
    return line.title


def _link(given: NewPaymentLink, wanted: Wanted, title: str, by: Caller) -> PaymentLink:
    now, link_id = clock.now(), new_ulid()
    expires_at = now + timedelta(days=given.days)
    return PaymentLink(
        *PaymentLink.place(given.user_id, link_id),
        id=link_id,
        user_id=given.user_id,
        plan_key=given.plan_key,
        title=title,
        coupon_code=wanted.coupon_code,
        created_by=by.user_id,
        created_at=now,
        expires_at=expires_at,
        ttl=int((expires_at + KEPT).timestamp()),
    )


def _mail(tx: Transaction, link: PaymentLink, user: User) -> None:
    messages.post(
        tx,
        PAYMENT_LINK,
        str(user.email),
        dedup=f"{PAYMENT_LINK.key}:{link.id}",
        user_id=str(user.id),
        locale=str(user.locale or "en-IN"),
        payload={
            "planName": link.title,
            "linkUrl": _url(link),
            "expiresAt": clock.iso(link.expires_at),
            "userName": user.name,
        },
        expires_at=link.expires_at,
    )


def _url(link: PaymentLink) -> str:
    return f"{FRONTEND_URL()}/pay/{link.id}"


def shown(link_id: str, caller: Caller) -> PaymentLinkView:
    """A link of the caller's own. Raises ``PaymentLinkNotFound``, also for somebody else's."""
    return PaymentLinkView(**_facts(_own(caller.user_id, link_id)))


def opened(body: CheckoutRequest, caller: Caller) -> CheckoutRequest:
    """The checkout that a link stands for; another one as it is. One round trip, with a link.

    Raises ``PaymentLinkNotFound``, ``PaymentLinkEnded``.
    """
    if body.link_id is None:
        return body
    link = _own(caller.user_id, body.link_id)
    state = _state(link)
    if state != "OPEN":
        raise PaymentLinkEnded({"reason": state})
    return body.model_copy(update={"plan_key": str(link.plan_key), "coupon_code": link.coupon_code})


def paid(user_id: str, link_id: str, order_id: str) -> None:
    """An order that came through a link was paid: it opens nothing any more. The first such order counts."""
    unpaid = PaymentLink.pk.exists() & PaymentLink.paid_order_id.does_not_exist()
    actions = [PaymentLink.paid_order_id.set(order_id), PaymentLink.version.set(PaymentLink.version + 1)]
    try:
        store.update(PaymentLink, PaymentLink.place(user_id, link_id), actions, when=cast(Condition, unpaid))
    except ConditionFailed:
        # The event came before, or the account and its links are gone.
        return


def _own(user_id: str, link_id: str) -> PaymentLink:
    link = store.get(PaymentLink, PaymentLink.place(user_id, link_id))
    if link is None:
        raise PaymentLinkNotFound
    return link


def _state(link: PaymentLink) -> LinkState:
    if link.paid_order_id:
        return "PAID"
    return "EXPIRED" if link.expires_at <= clock.now() else "OPEN"


def _facts(link: PaymentLink) -> dict[str, Any]:
    return {
        "link_id": str(link.id),
        "plan_key": str(link.plan_key),
        "title": str(link.title),
        "coupon_code": link.coupon_code,
        "state": _state(link),
        "expires_at": link.expires_at,
        "merchant_transaction_id": link.paid_order_id,
    }
