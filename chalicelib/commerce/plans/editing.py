"""Creating and changing plans (PLAN-03, PLAN-04). Plans are never deleted, only deactivated (PLAN-12)."""

from __future__ import annotations

from typing import Any

from chalicelib.commerce.plans.errors import PlanKeyTaken, PlanNotFound
from chalicelib.commerce.plans.items import Plan, plan_item
from chalicelib.commerce.plans.references import unknown
from chalicelib.commerce.plans.schemas import NewPlan, PlanChange
from chalicelib.commerce.plans.terms import PlanGrant, PlanTerms, broken_rules, grants_hash
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, ValidationFailed, VersionMismatch

CREATE = audit.AuditAction("plan.create", "A plan was created")
UPDATE = audit.AuditAction("plan.update", "A plan was changed")

TRIES = 5
_MADE = ("createdAt", "createdBy")


def create(body: NewPlan, caller: Caller) -> Plan:
    """Create a plan with its audit entry. One round trip, two when its grants name something.

    Raises ``PlanKeyTaken``, ``ValidationFailed`` with every rule that is broken.
    """
    terms = body.terms()
    _check(terms, references=True)
    now = clock.iso(clock.now())
    facts = {"createdAt": now, "createdBy": caller.user_id, "updatedAt": now, "updatedBy": caller.user_id}
    plan = plan_item(body.key, terms, 1, facts)
    tx = store.Transaction()
    tx.put(plan, when=store.absent(Plan), name="plan")
    audit.write(tx, CREATE, body.key, by=caller, meta={"name": terms.name, "pricePaise": terms.price_paise})
    try:
        tx.commit()
    except store.TransactionLost as lost:
        raise PlanKeyTaken from lost
    return plan


def change(plan: Plan, body: PlanChange, caller: Caller, expected: int | None) -> Plan:
    """Change what the request names and answer the plan as it is then; nothing new: as it was, without audit entry.

    ``expected`` is the version of ``If-Match``: ``VersionMismatch`` when another one is there. Without it a change that
    others overtook is applied to what they left, up to five times, then ``Conflict``. Running subscriptions and placed
    orders keep what they were sold (PLAN-12, PLAN-13).
    """
    given = body.given()
    for _ in range(TRIES):
        if expected is not None and expected != int(plan.version):
            raise VersionMismatch({"version": int(plan.version)})
        before = plan.terms
        after = _changed(before, given)
        if after == before:
            return plan
        _check(after, references=after.grants != before.grants)
        changed = _rewritten(plan, after, caller)
        tx = store.Transaction()
        tx.put(changed, when=Plan.version == int(plan.version), name="plan")
        meta = {"changed": audit.changed(_shown(before), _shown(after))}
        audit.write(tx, UPDATE, plan.plan_key, by=caller, meta=meta)
        try:
            tx.commit()
        except store.TransactionLost:
            plan = _again(plan.plan_key)
            continue
        return changed
    raise Conflict


def _changed(before: PlanTerms, given: dict[str, Any]) -> PlanTerms:
    merged = {**before.stored(), **given}
    return PlanTerms.read({name: value for name, value in merged.items() if value is not None})


def _check(terms: PlanTerms, *, references: bool) -> None:
    found = list(broken_rules(terms))
    if references and not found:
        found.extend(unknown(terms))
    if found:
        raise ValidationFailed(found)


def _rewritten(plan: Plan, terms: PlanTerms, caller: Caller) -> Plan:
    made = {name: plan.facts[name] for name in _MADE}
    facts = {**made, "updatedAt": clock.iso(clock.now()), "updatedBy": caller.user_id}
    return plan_item(plan.plan_key, terms, int(plan.version) + 1, facts)


def _shown(terms: PlanTerms) -> dict[str, Any]:
    """For the audit trail: grants shortly, with the hash that tells whether they differ."""
    grants = [_grant_text(grant) for grant in terms.grants]
    return {**terms.stored(), "grants": grants, "grantsHash": grants_hash(terms.grants)}


def _grant_text(grant: PlanGrant) -> str:
    scope = grant.scope
    ids = f"{len(scope.subject_ids)} subjects, {len(scope.topic_ids)} topics, {len(scope.note_ids)} notes"
    return f"{grant.kind}: {ids if scope.size else 'everything'}"


def _again(key: str) -> Plan:
    found = store.get(Plan, Plan.place(key))
    if found is None:
        raise PlanNotFound
    return found
