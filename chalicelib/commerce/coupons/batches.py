"""Many codes of one use each at once (CPN-20): for affiliates, or one for everybody on a list.

The codes derive from a secret that is kept under the request's ``Idempotency-Key`` before any is made: a run that broke
off is finished by its repetition, with the same codes.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from chalicelib.commerce.coupons.editing import CREATE, check, made_by
from chalicelib.commerce.coupons.errors import CouponCodeTaken
from chalicelib.commerce.coupons.items import Coupon, CouponBatch, coupon_item
from chalicelib.commerce.coupons.schemas import CouponBatchAnswer, NewCoupons
from chalicelib.commerce.coupons.terms import CouponTerms
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.parallel import together
from chalicelib.platform.store.transaction import MAX_ACTIONS

RANDOM_CHARACTERS = 8
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""What nobody mistakes for something else: 32 characters, five bits each."""


def create(body: NewCoupons, caller: Caller, request_key: str) -> CouponBatchAnswer:
    """Make them all, or those that an earlier run of the same request did not come to.

    Three round trips: the batch with its audit entry, the plans it names, all codes side by side. Raises
    ``CouponCodeTaken`` where a code is somebody else's, ``ValidationFailed``.
    """
    terms = body.terms()
    check(terms, names=terms.plan_keys or ())
    batch = _begin(body, caller, request_key)
    codes = [_code(body.prefix, str(batch.seed), number) for number in range(body.count)]
    facts = {**made_by(caller), "createdAt": clock.iso(batch.created_at), "batch": str(batch.id)}
    parts = [codes[first : first + MAX_ACTIONS] for first in range(0, len(codes), MAX_ACTIONS)]
    together(*(partial(_make, part, terms, facts) for part in parts))
    return CouponBatchAnswer(batch=str(batch.id), codes=codes)


def _begin(body: NewCoupons, caller: Caller, request_key: str) -> CouponBatch:
    """The batch of this request: begun now, or by an earlier run. A key stands for a day, as everywhere (HTTP-35)."""
    now = clock.now()
    batch = CouponBatch(
        *CouponBatch.place(caller.user_id, request_key),
        id=new_ulid(),
        seed=secrets.token_hex(16),
        created_at=now,
        ttl=int(now.timestamp()) + CouponBatch.KEPT_SECONDS,
    )
    tx = store.Transaction()
    outlived = CouponBatch.created_at < now - timedelta(seconds=CouponBatch.KEPT_SECONDS)
    tx.put(batch, when=store.absent(CouponBatch) | outlived, name="batch")
    meta = {"prefix": body.prefix, "count": body.count, "type": body.type, "value": body.value}
    audit.write(tx, CREATE, str(batch.id), by=caller, meta=meta)
    try:
        tx.commit()
    except store.TransactionLost as lost:
        begun = lost.item("batch")
        if not isinstance(begun, CouponBatch):
            raise
        return begun
    return batch


def _code(prefix: str, seed: str, number: int) -> str:
    digest = hmac.new(seed.encode(), str(number).encode(), hashlib.sha256).digest()
    return prefix + "".join(_ALPHABET[byte & 31] for byte in digest[:RANDOM_CHARACTERS])


def _make(codes: Sequence[str], terms: CouponTerms, facts: dict[str, Any]) -> None:
    tx = store.Transaction()
    for code in codes:
        tx.put(coupon_item(code, terms, facts), when=store.absent(Coupon), name=code)
    try:
        tx.commit()
    except store.TransactionLost as lost:
        found = [lost.item(code) for code in codes]
        ours = [isinstance(one, Coupon) and one.facts.get("batch") == facts["batch"] for one in found]
        if not all(ours):
            raise CouponCodeTaken from lost
