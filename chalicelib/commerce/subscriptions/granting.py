"""Entitlements that staff grant (ENT-04) and revoke (ENT-05), from the very next request on."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from chalicelib.commerce.plans import unknown_ids
from chalicelib.commerce.subscriptions import writing
from chalicelib.commerce.subscriptions.card import SCOPE_LISTS, CardFull, Draft
from chalicelib.commerce.subscriptions.entitlement_schemas import GrantEntitlementRequest, RevokeEntitlementRequest
from chalicelib.commerce.subscriptions.errors import AccessCardFull, EntitlementNotFound
from chalicelib.commerce.subscriptions.items import MANUAL, Entitlement, Subscription, entitlements_of
from chalicelib.commerce.subscriptions.snapshot import derived_id
from chalicelib.commerce.subscriptions.sources import counting, entry_of, period_of
from chalicelib.commerce.subscriptions.staff import TRIES, card_now, require_student
from chalicelib.commerce.subscriptions.writing import Cause, Happened
from chalicelib.platform import audit, clock, settings, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict, ValidationFailed, invalid, problem
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import count_metric
from chalicelib.platform.store import Transaction, TransactionLost, absent

MANUAL_GRANT_DAYS = settings.integer("MANUAL_GRANT_DAYS", default=30, minimum=1, maximum=3_650)
GRANT = audit.AuditAction("entitlement.grant", "Staff opened something to a student")
REVOKE = audit.AuditAction("entitlement.revoke", "Staff took back what was open to a student")

MAX_DAYS = 3_650
_NEW, _HELD = "new-entitlement", "entitlement"


def grant(card: AccessCard, body: GrantEntitlementRequest, by: Caller, key: str | None) -> Entitlement:
    """Open something to a student. One round trip for what the scope names, and a transaction.

    ``key``: the request's, under which it happens once. Raises ``NotAStudent``, ``AccessCardFull``, and 422 for a
    scope that does not go with the kind or names what is not there, and for times that do not fit.
    """
    require_student(card)
    times = _times(body)
    problems = list(_problems(body))
    if problems:
        raise ValidationFailed(problems)
    entitlement_id = _id(card, by, key)
    made = _item(card, entitlement_id, body, times, by)

    def attempt(now_card: AccessCard) -> Entitlement:
        draft = Draft.of(now_card, clock.epoch())
        draft.put(entitlement_id, entry_of(made))
        _fit(draft)
        tx = Transaction()
        writing.write_card(tx, draft, str(card.user_id))
        tx.put(made, when=absent(Entitlement), name=_NEW)
        audit.write(tx, GRANT, entitlement_id, by=by, meta=_meta(made), reason=body.reason)
        tx.commit()
        return made

    return _until_won(card, attempt)


def revoke(card: AccessCard, body: RevokeEntitlementRequest, by: Caller) -> Entitlement:
    """Take an entitlement back; revoked before: as it is. Nothing else of the student changes (ENT-21).

    Of a subscription's, the subscription stays, and its history tells. Raises ``EntitlementNotFound``, also for
    somebody else's.
    """
    user_id = str(card.user_id)

    def attempt(now_card: AccessCard) -> Entitlement:
        found = store.get(Entitlement, Entitlement.place(user_id, body.entitlement_id))
        if found is None:
            raise EntitlementNotFound
        if found.revoked_at:
            return found
        at = clock.now()
        now = int(at.timestamp())
        draft = Draft.of(now_card, now)
        draft.take({str(found.id)}, counting(store.every(entitlements_of(user_id)), now))
        _fit(draft)
        tx = Transaction()
        writing.write_card(tx, draft, user_id)
        _mark(tx, found, body.reason, by, at)
        tx.commit()
        return found

    return _until_won(card, attempt)


def _times(body: GrantEntitlementRequest) -> tuple[datetime, datetime]:
    """Whole seconds, as the card has them."""
    now = clock.now().replace(microsecond=0)
    if body.duration_days is not None and body.ends_at is not None:
        raise invalid("body.endsAt", "ONE_OF", "not together with durationDays")
    if body.starts_at is not None and body.starts_at > now + timedelta(days=MAX_DAYS):
        raise invalid("body.startsAt", "TOO_FAR", f"must begin within {MAX_DAYS} days")
    starts_at = max(now, body.starts_at.replace(microsecond=0)) if body.starts_at is not None else now
    if body.ends_at is None:
        return starts_at, starts_at + timedelta(days=body.duration_days or MANUAL_GRANT_DAYS())
    ends_at = body.ends_at.replace(microsecond=0)
    if ends_at <= starts_at:
        raise invalid("body.endsAt", "BEFORE_START", "must be after startsAt and now")
    if ends_at > starts_at + timedelta(days=MAX_DAYS):
        raise invalid("body.endsAt", "TOO_FAR", f"must end within {MAX_DAYS} days of its start")
    return starts_at, ends_at


def _problems(body: GrantEntitlementRequest) -> Iterator[dict[str, str]]:
    """ENT-15: a scope that the kind does not have; ids given twice, or that name nothing (no test is there yet)."""
    scope = body.scope
    lists = {
        "subjectIds": scope.subject_ids,
        "topicIds": scope.topic_ids,
        "noteIds": scope.note_ids,
        "testIds": scope.test_ids,
    }
    if body.kind == "ALL" and any(lists.values()):
        yield problem("body.scope", "SCOPE_NOT_ALLOWED", "everything has no scope")
        return
    for name, kind in (("noteIds", "NOTES"), ("testIds", "TESTS")):
        if lists[name] and body.kind != kind:
            yield problem(f"body.scope.{name}", "SCOPE_NOT_ALLOWED", f"belongs to kind {kind}")
    for name, ids in lists.items():
        if len(set(ids)) < len(ids):
            yield problem(f"body.scope.{name}", "DUPLICATE", "must name each id once")
    if any(lists.values()):
        yield from unknown_ids([("body.scope", scope)])
    for index, _ in enumerate(scope.test_ids):
        yield problem(f"body.scope.testIds[{index}]", "UNKNOWN_TEST", "is no test")


def _id(card: AccessCard, by: Caller, key: str | None) -> str:
    """A new id; under a key always the same, so that a second run makes nothing."""
    if key is None:
        return new_ulid()
    digest = hashlib.sha256(f"{by.user_id}#{key}#{clock.academy_day(clock.now())}".encode()).hexdigest()
    return derived_id(f"{digest}#{card.user_id}", 0)


def _item(
    card: AccessCard,
    entitlement_id: str,
    body: GrantEntitlementRequest,
    times: tuple[datetime, datetime],
    by: Caller,
) -> Entitlement:
    user_id, scope = str(card.user_id), body.scope.model_dump(by_alias=True)
    place = Entitlement.place(user_id, entitlement_id)
    return Entitlement(
        place.pk,
        place.sk,
        id=entitlement_id,
        user_id=user_id,
        opens=body.kind,
        scope={name: list(scope[name]) for name in SCOPE_LISTS},
        starts_at=times[0],
        ends_at=times[1],
        source=MANUAL,
        granted_by=by.user_id,
        reason=body.reason,
        created_at=clock.now(),
    )


def _mark(tx: Transaction, found: Entitlement, reason: str, by: Caller, at: datetime) -> None:
    """The entitlement as revoked, with what tells of it."""
    version = int(found.version)
    found.revoked_at, found.revoked_by, found.revoke_reason = at, by.user_id, reason
    actions = [
        Entitlement.revoked_at.set(at),
        Entitlement.revoked_by.set(by.user_id),
        Entitlement.revoke_reason.set(reason),
        Entitlement.version.add(1),
    ]
    unchanged = Entitlement.version == version
    tx.update(Entitlement, found.itself, actions, when=unchanged, name=_HELD)
    audit.write(tx, REVOKE, str(found.id), by=by, meta=_meta(found), reason=reason)
    if not found.subscription_id:
        return
    held = store.get(Subscription, Subscription.place(str(found.user_id), str(found.subscription_id)))
    if held is not None:
        period = writing.times(period_of(held), str(held.status))
        what = Happened(str(held.id), str(held.plan_key), "REVOKE", 0, period, period)
        writing.note_change(tx, str(found.user_id), what, Cause(by=by, reason=reason), at)


def _meta(one: Entitlement) -> dict[str, object]:
    return {
        "userId": one.user_id,
        "kind": one.opens,
        "startsAt": clock.iso(one.starts_at),
        "endsAt": clock.iso(one.ends_at),
        **({"subscriptionId": one.subscription_id} if one.subscription_id is not None else {}),
    }


def _fit(draft: Draft) -> None:
    try:
        draft.fit()
    except CardFull as full:
        raise AccessCardFull from full


def _until_won(card: AccessCard, attempt: Callable[[AccessCard], Entitlement]) -> Entitlement:
    """Try until no race is lost; of what a request under the same key made, that."""
    user_id = str(card.user_id)
    for _ in range(TRIES):
        try:
            return attempt(card)
        except TransactionLost as lost:
            there = lost.item(_NEW) if lost.failed(_NEW) else None
            if isinstance(there, Entitlement):
                return there
        except Conflict:
            count_metric("StaffDeedsContended")
        card = card_now(user_id)
    raise Conflict
