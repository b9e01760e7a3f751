"""Why somebody may do something, or may not: the very decision that their request would meet (ACC-10).

Nobody's session is needed: a caller is built from the person's current card, and the thing is loaded as its domain
declares it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib.identity.accounts import UserNotFound
from chalicelib.identity.explaining.asking import CENTRE, Things, action_named, thing_named
from chalicelib.identity.explaining.schemas import Explained, ExplainRequest, Facts, PolicyName, Surroundings
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import Action
from chalicelib.platform.access.decisions import Explanation, explain
from chalicelib.platform.access.policies import policies, resource_types
from chalicelib.platform.access.resources import Entity, Thing
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.store import Transaction

ACCESS_EXPLAIN = AuditAction("access.explain", "Staff had it explained why somebody may or may not do something")

_NOBODY = ""


def explained(asked: ExplainRequest, by: Caller, things: Things) -> Explained:
    """The decision, its reason, the policies that made it and what they saw; an audit entry tells of it.

    One batch read of card and thing (two reads more for an order of somebody else). Raises ``UserNotFound``, the
    thing's own 404, and 422 for names that are unknown or do not fit together.
    """
    action = action_named(asked.action, "body")
    supposed = asked.context or Surroundings()
    entity = _centre(asked, action, supposed)
    thing = thing_named(asked, action, things, "body") if entity is None else None
    with clock.as_of(supposed.now):
        person, found = _read(asked, thing)
        if thing is not None:
            entity = thing.met(found, by_staff=action.for_staff)
            if entity is None:
                raise thing.missing
        answer = _answer(person, explain(person, action, entity, supposed.around()))
    _note(asked, by, answer)
    return answer


def _centre(asked: ExplainRequest, action: Action, supposed: Surroundings) -> Entity | None:
    """Of an action inside a centre that names nothing in it: the centre itself."""
    if supposed.centre_id is None or asked.resource_type is not None or CENTRE not in resource_types()[action.name]:
        return None
    return Entity(CENTRE, supposed.centre_id, {"centreId": supposed.centre_id, "tenantId": supposed.centre_id})


def _read(asked: ExplainRequest, thing: Thing[Any] | None) -> tuple[Caller, object]:
    thing_id = asked.resource_id or _NOBODY
    keys = [AccessCard.place(asked.user_id), *([thing.key(thing_id, asked.user_id)] if thing else [])]
    card, *found = store.get_many(keys)
    if not isinstance(card, AccessCard):
        raise UserNotFound
    if thing is not None and found[0] is None and thing.elsewhere is not None:
        return caller_of(card), thing.elsewhere(thing_id)
    return caller_of(card), found[0] if found else None


def caller_of(card: AccessCard) -> Caller:
    """The person as a request of theirs would bring them: by a live session with a second factor, if there is one."""
    now = clock.epoch()
    sessions = {key: dict(entry) for key, entry in plain(card.sessions).items() if not entry.get("ended")}
    live = {key: entry for key, entry in sessions.items() if int(entry["exp"]) > now}
    best = max(live, key=lambda key: bool(live[key].get("mfa")), default=_NOBODY)
    return Caller(card, best)


def _answer(person: Caller, explanation: Explanation) -> Explained:
    decision = explanation.decision
    deciding = (policies()[name] for name in decision.policies)
    return Explained(
        allowed=decision.allowed,
        reason=decision.reason,
        policies=[
            PolicyName(id=one.id, effect=one.effect, description=one.description, file=one.file) for one in deciding
        ],
        missing_permission=next(iter(decision.missing), None),
        facts=Facts(
            principal=explanation.principal,
            resource=explanation.resource,
            context=explanation.context,
            card=_card_facts(person),
        ),
        evaluated_at=clock.now(),
    )


def _card_facts(person: Caller) -> dict[str, Any]:
    """What ``access.read`` may see of a card (ACC-61): no e-mail, no phone, nothing of sessions or devices."""
    return {
        "status": str(person.card.status),
        "roles": list(person.roles),
        "permissions": sorted(person.permissions),
        "entitlements": [
            {"id": key, **_dated(dict(one))} for key, one in sorted(plain(person.card.entitlements).items())
        ],
        "noteBans": {key: _iso(end) for key, end in sorted(plain(person.card.note_bans).items())},
        "deviceBans": sorted(_iso(end) for end in plain(person.card.device_bans).values()),
        "centres": sorted(plain(person.card.centres)),
    }


def _dated(entitlement: Mapping[str, Any]) -> dict[str, Any]:
    shown = ("kind", "subjectIds", "topicIds", "noteIds", "testIds")
    facts = {name: entitlement[name] for name in shown if entitlement.get(name)}
    return {**facts, **{name: _iso(entitlement[name]) for name in ("startsAt", "endsAt")}}


def _iso(seconds: Any) -> str:
    return clock.iso(datetime.fromtimestamp(float(seconds), UTC))


def _note(asked: ExplainRequest, by: Caller, answer: Explained) -> None:
    tx = Transaction()
    about = {"action": asked.action, "resourceType": asked.resource_type, "resourceId": asked.resource_id}
    meta = {**about, "allowed": answer.allowed, "reason": answer.reason}
    audit.write(
        tx, ACCESS_EXPLAIN, asked.user_id, by=by, meta={key: one for key, one in meta.items() if one is not None}
    )
    tx.commit()
