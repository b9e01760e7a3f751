"""Creating and changing coupons (CPN-01, CPN-02). Counters are nobody's to edit."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.commerce.coupons.errors import CouponCodeTaken, CouponNotFound
from chalicelib.commerce.coupons.items import Coupon, coupon_item
from chalicelib.commerce.coupons.schemas import CouponChange, NewCoupon
from chalicelib.commerce.coupons.terms import CouponTerms, broken_rules, is_code, normal
from chalicelib.commerce.plans import Plan
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, ValidationFailed, VersionMismatch, invalid, problem

CREATE = audit.AuditAction("coupon.create", "A coupon was created")
UPDATE = audit.AuditAction("coupon.update", "A coupon was changed")

TRIES = 5


def create(body: NewCoupon, caller: Caller) -> Coupon:
    """Create a coupon with its audit entry. One round trip, two when it names plans.

    Raises ``CouponCodeTaken``, ``ValidationFailed`` with every rule that is broken.
    """
    code, terms = normal(body.code), body.terms()
    if not is_code(code):
        raise invalid("body.code", "PATTERN", "has 3 to 32 letters, digits, - and _")
    check(terms, names=terms.plan_keys or ())
    coupon = coupon_item(code, terms, made_by(caller))
    tx = store.Transaction()
    tx.put(coupon, when=store.absent(Coupon), name="coupon")
    audit.write(tx, CREATE, code, by=caller, meta={"type": terms.type, "value": terms.value})
    try:
        tx.commit()
    except store.TransactionLost as lost:
        raise CouponCodeTaken from lost
    return coupon


def made_by(caller: Caller) -> dict[str, Any]:
    """Who made it, and when."""
    now = clock.iso(clock.now())
    return {"createdAt": now, "createdBy": caller.user_id, "updatedAt": now, "updatedBy": caller.user_id}


def check(terms: CouponTerms, *, names: Iterable[str]) -> None:
    """422 with every rule that the terms break; the plans that it ``names`` must exist. One batch read if it does."""
    found = list(broken_rules(terms))
    keys = list(names)
    if keys and not found:
        plans = store.get_many([Plan.place(key) for key in keys], consistent=False)
        found = [
            problem(f"body.planKeys[{position}]", "UNKNOWN_PLAN", "is no plan")
            for position, plan in enumerate(plans)
            if not isinstance(plan, Plan)
        ]
    if found:
        raise ValidationFailed(found)


def change(coupon: Coupon, body: CouponChange, caller: Caller, expected: int | None) -> Coupon:
    """Change what the request names and answer the coupon as it is then; nothing new: as it was, without audit entry.

    ``expected`` is the version of ``If-Match``: ``VersionMismatch`` when another one is there. Without it a change that
    others overtook is applied to what they left, up to five times, then ``Conflict``. Only what changes is written, so
    that nobody's use of the coupon is lost; placed orders keep what they were let off.
    """
    given = body.given()
    for _ in range(TRIES):
        if expected is not None and expected != int(coupon.version):
            raise VersionMismatch({"version": int(coupon.version)})
        before = coupon.terms
        after = _changed(before, given)
        if after == before:
            return coupon
        check(after, names=(after.plan_keys or ()) if after.plan_keys != before.plan_keys else ())
        facts = {"updatedAt": clock.iso(clock.now()), "updatedBy": caller.user_id}
        tx = store.Transaction()
        actions = [*_differences(before, after), *(Coupon.row[name].set(value) for name, value in facts.items())]
        actions.append(Coupon.version.set(Coupon.version + 1))
        tx.update(Coupon, coupon.itself, actions, when=Coupon.version == int(coupon.version), name="coupon")
        meta = {"changed": audit.changed(before.stored(), after.stored())}
        audit.write(tx, UPDATE, coupon.coupon_code, by=caller, meta=meta)
        try:
            tx.commit()
        except store.TransactionLost:
            coupon = _again(coupon.coupon_code)
            continue
        return _rewritten(coupon, before, after, facts)
    raise Conflict


def _changed(before: CouponTerms, given: dict[str, Any]) -> CouponTerms:
    merged = {**before.stored(), **given}
    return CouponTerms.read({name: value for name, value in merged.items() if value is not None})


def _differences(before: CouponTerms, after: CouponTerms) -> list[Action]:
    was, now = before.stored(), after.stored()
    actions: list[Action] = [Coupon.row[name].remove() for name in was if name not in now]
    return actions + [Coupon.row[name].set(value) for name, value in now.items() if was.get(name) != value]


def _rewritten(coupon: Coupon, before: CouponTerms, after: CouponTerms, facts: dict[str, Any]) -> Coupon:
    """The coupon as the write left it; its counters as they were read."""
    kept = {name: value for name, value in coupon.facts.items() if name not in before.stored()}
    row: Any = {**kept, **after.stored(), **facts}
    return Coupon(coupon.pk, coupon.sk, code=coupon.coupon_code, version=int(coupon.version) + 1, row=row)


def _again(code: str) -> Coupon:
    found = store.get(Coupon, Coupon.place(code))
    if found is None:
        raise CouponNotFound
    return found
