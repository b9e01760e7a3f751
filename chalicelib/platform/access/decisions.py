"""Cedar decides. Three entrances: build the request, decide, explain (ACC-62).

Policies are parsed once per container. An error while evaluating refuses and alarms (ACC-51).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.platform import clock, settings
from chalicelib.platform.access.caller import KINDS, SCOPE_LISTS, Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.access.catalogue import Action, UserType
from chalicelib.platform.access.policies import policies, policy_text
from chalicelib.platform.access.resources import ACADEMY, Entity
from chalicelib.platform.errors import (
    AccountBlocked,
    ApiError,
    Forbidden,
    MfaRequired,
    PasswordChangeRequired,
    WrongUserType,
)
from chalicelib.platform.logs import alarm

if TYPE_CHECKING:
    import cedarpy

MFA_ADMIN = settings.choice("MFA_ADMIN", default="optional", choices=("off", "optional", "required"))
FEATURES_OFF = settings.listing("FEATURES_OFF")
REFUND_MAX_AGE_HOURS = settings.integer("REFUND_MAX_AGE_HOURS", default=24, minimum=0, maximum=8_760)
PRACTICE_WITH_TESTS = settings.boolean("PRACTICE_WITH_TESTS", default=True)

ALLOWED = "ALLOWED"
NOT_PUBLISHED = "NOT_PUBLISHED"
OTHER_TENANT = "OTHER_TENANT"
MISSING_PERMISSION = "MISSING_PERMISSION"
REFUND_TOO_LATE = "REFUND_TOO_LATE"
NOT_OWNER = "NOT_OWNER"
_BANS = frozenset({"NOTE_BANNED", "DEVICE_BANNED"})
EXPIRED = "ENTITLEMENT_EXPIRED"

REASON_ORDER = (
    "ACCOUNT_BLOCKED",
    "WRONG_USER_TYPE",
    "MFA_REQUIRED",
    "FEATURE_OFF",
    OTHER_TENANT,
    NOT_PUBLISHED,
    "NOT_OPEN",
    "NOTE_BANNED",
    "DEVICE_BANNED",
    MISSING_PERMISSION,
    REFUND_TOO_LATE,
    NOT_OWNER,
    "NO_ENTITLEMENT",
    EXPIRED,
    "ENTITLEMENT_OUT_OF_SCOPE",
)
"""When several refusals apply, the first of these is said (ACC-55)."""


class Decision(NamedTuple):
    """``policies``: ids of the policies that decided. ``reason``: ``ALLOWED`` or the first that applies (ACC-55).

    ``missing``: of a refusal for want of a permission, the permissions any of which would have helped. ``ends_at``: of
    one by a ban, when that ends (epoch seconds).
    """

    allowed: bool
    reason: str
    policies: tuple[str, ...]
    missing: tuple[str, ...] = ()
    ends_at: int | None = None


class Explanation(NamedTuple):
    """A decision, and what exactly the policies saw of principal, resource and context."""

    decision: Decision
    principal: dict[str, Any]
    resource: dict[str, Any]
    context: dict[str, Any]


class Question(NamedTuple):
    """May they do this to that?"""

    action: Action
    thing: Entity


_LOOKED_AT = re.compile(r"\bprincipal\.(\w+)")
_CONTEXT = re.compile(r"\bcontext\.(\w+)")
_NAMED = re.compile(r'principal\.permissions\.contains\("([^"]+)"\)')


class _Policies(NamedTuple):
    """``parsed``: the policies. ``attributes``, ``permissions``, ``context``: what any of them looks at of a principal
    and of what surrounds a request; nothing else is handed to Cedar, which takes its time to read.
    """

    parsed: cedarpy.PolicySet
    attributes: frozenset[str]
    permissions: frozenset[str]
    context: frozenset[str]


@lru_cache(maxsize=1)
def _policies() -> _Policies:
    import cedarpy

    text = policy_text()
    return _Policies(
        cedarpy.PolicySet.from_str(text),
        frozenset(_LOOKED_AT.findall(text)),
        frozenset(_NAMED.findall(text)),
        frozenset(_CONTEXT.findall(text)),
    )


def prepare() -> None:
    """Parse the policies, so that no request does."""
    _policies()


def _seen(principal: dict[str, Any], policies: _Policies, things: Iterable[Entity] = ()) -> dict[str, Any]:
    """What the policies look at of a principal.

    A subject or topic that somebody's scope names covers the topics that lie in it (ACC-56): of the topics that the
    things name, those count as named.
    """
    seen = {name: value for name, value in principal.items() if name in policies.attributes}
    within = {topic: over for thing in things for topic, over in thing.within.items()}
    for name in KINDS.values() if within else ():
        scope = seen.get(name, principal[name])
        held = {*scope["subjectIds"], *scope["topicIds"]}
        covered = {topic for topic, over in within.items() if not held.isdisjoint(over)}
        seen[name] = {**scope, "topicIds": sorted({*scope["topicIds"], *covered})}
    return {**seen, "permissions": sorted(policies.permissions.intersection(principal["permissions"]))}


def _context(caller: Caller, question: Question, around: Mapping[str, str]) -> dict[str, Any]:
    """What surrounds a request, as far as the policies look at it. ``around``: ``ip``, ``centreId`` where known."""
    action, tenant = question.action, question.thing.attributes.get("tenantId")
    context: dict[str, Any] = {
        "now": clock.epoch(),
        "mfaRequired": MFA_ADMIN() == "required",
        "featureOff": list(FEATURES_OFF()),
        "refundMaxHours": REFUND_MAX_AGE_HOURS(),
        "practiceWithTests": PRACTICE_WITH_TESTS(),
        "deviceHash": caller.device_hash,
        "impersonating": False,
        **around,
    }
    if action.feature:
        context["feature"] = action.feature
    if action.centre and tenant:
        context["centreKeys"] = [f"{tenant}/{name}" for name in action.centre]
    looked_at = _policies().context
    return {name: value for name, value in context.items() if name in looked_at}


def _entity(kind: str, name: str, attributes: Mapping[str, Any], parents: Iterable[str] = ()) -> dict[str, Any]:
    over = [{"type": kind, "id": parent} for parent in parents]
    return {"uid": {"type": kind, "id": name}, "attrs": dict(attributes), "parents": over}


def _ask(
    caller: Caller, principal: dict[str, Any], asked: Sequence[Question], around: Mapping[str, str]
) -> list[tuple[bool, tuple[str, ...]]]:
    """Ask Cedar everything in one call: allowed, and the ids of the policies that decided."""
    import cedarpy

    policies, user_id = _policies(), caller.user_id
    contexts: dict[tuple[str, str | None], str] = {}
    requests = []
    for question in asked:
        action, thing = question
        surroundings = (action.name, thing.attributes.get("tenantId"))
        if surroundings not in contexts:
            contexts[surroundings] = json.dumps(_context(caller, question, around))
        requests.append(
            {
                "principal": {"type": "User", "id": user_id},
                "action": {"type": "Action", "id": action.name},
                "resource": {"type": thing.type, "id": thing.id},
                "context": contexts[surroundings],
            }
        )
    things = {(one.thing.type, one.thing.id): one.thing for one in asked}
    things.pop(("User", user_id), None)
    seen = _seen(principal, policies, things.values())
    verbs = {one.action.name: one.action for one in asked}
    entities = [
        _entity("User", user_id, {**seen, "ownerId": user_id}),
        *(_entity("Action", name, {}, verb.groups) for name, verb in verbs.items()),
        *(_entity(thing.type, thing.id, thing.attributes) for thing in things.values()),
    ]
    decided = []
    answers = cedarpy.is_authorized_batch(requests, policies.parsed, json.dumps(entities))
    for question, answer in zip(asked, answers, strict=True):
        if answer.diagnostics.errors:
            alarm("policy evaluation failed", action=question.action.name)
        names = answer.diagnostics.id_annotations_by_reason
        ids = tuple(sorted(names.get(reason, reason) for reason in answer.diagnostics.reasons))
        decided.append((answer.allowed and not answer.diagnostics.errors, ids))
    return decided


def own_entity(caller: Caller) -> Entity:
    """The caller's own account as a resource."""
    return Entity("User", caller.user_id)


def usual_thing(caller: Caller, action: Action) -> Entity:
    """What an action is about where nothing else is named: the caller's own account, or the academy."""
    return own_entity(caller) if action.own else ACADEMY


def decide(caller: Caller, action: Action, resource: Entity | None = None) -> Decision:
    """May the caller do this? Without a resource it is about the academy, or about the caller's own account."""
    return decide_many(caller, [Question(action, resource or usual_thing(caller, action))])[0]


def decide_all(caller: Caller, action: Action, resources: Sequence[Entity]) -> list[Decision]:
    """The decisions about many things of one kind, in one call."""
    return decide_many(caller, [Question(action, thing) for thing in resources])


def decide_many(
    caller: Caller, asked: Sequence[Question], around: Mapping[str, str] = MappingProxyType({})
) -> list[Decision]:
    """The decisions about many actions and things, in one call; a second one tells why entitlements did not do."""
    if not asked:
        return []
    principal = caller.principal()
    answers = _ask(caller, principal, asked, around)
    doubtful = [
        question
        for question, (allowed, _) in zip(asked, answers, strict=True)
        if not allowed and question.action.entitlement and _offered(question.thing)
    ]
    had = _ask(caller, caller.principal(with_ended=True), doubtful, around) if doubtful else []
    ended = iter([allowed for allowed, _ in had])
    decided = []
    for question, (allowed, ids) in zip(asked, answers, strict=True):
        if allowed:
            decided.append(Decision(allowed=True, reason=ALLOWED, policies=ids))
            continue
        said = _said(caller, question, ids)
        if question.action.entitlement and _offered(question.thing):
            said.add(EXPIRED if next(ended) else _out_of_scope(principal, question.action))
        reason = next((one for one in REASON_ORDER if one in said), MISSING_PERMISSION)
        missing = _missing(caller, question, ids) if reason in (MISSING_PERMISSION, REFUND_TOO_LATE) else ()
        ends_at = _ban_end(caller, question.thing) if reason in _BANS else None
        decided.append(Decision(allowed=False, reason=reason, policies=ids, missing=missing, ends_at=ends_at))
    return decided


def explain(
    caller: Caller, action: Action, resource: Entity | None = None, around: Mapping[str, str] = MappingProxyType({})
) -> Explanation:
    """The same decision with everything that the policies saw. ``around`` replaces what surrounds the request."""
    question = Question(action, resource or usual_thing(caller, action))
    decision = decide_many(caller, [question], around)[0]
    thing, seen = question.thing, _seen(caller.principal(), _policies(), [question.thing])
    return Explanation(
        decision,
        {"type": "User", "id": caller.user_id, **seen},
        {"type": thing.type, "id": thing.id, **thing.attributes},
        _context(caller, question, around),
    )


def _offered(thing: Entity) -> bool:
    """Whether the thing is there for people to buy: published, and open where it opens and closes."""
    return bool(thing.attributes.get("published", True) and thing.attributes.get("open", True))


def _said(caller: Caller, question: Question, ids: tuple[str, ...]) -> set[str]:
    """Every reason against it but those of entitlements."""
    action, attributes = question.action, question.thing.attributes
    forbids = (policies()[name] for name in ids)
    said = {policy.reason for policy in forbids if policy.reason}
    if action.for_staff:
        if not said or caller.permissions.isdisjoint(action.permissions):
            said.add(MISSING_PERMISSION)
        return said
    if not attributes.get("published", True):
        said.add(NOT_PUBLISHED)
    elif not attributes.get("open", True):
        said.add("NOT_OPEN")
    if action.centre:
        said.add(MISSING_PERMISSION)
    elif action.own or (not action.entitlement and "ownerId" in attributes):
        said.add(NOT_OWNER)
    return said


def _ban_end(caller: Caller, thing: Entity) -> int | None:
    """When the ban ends that refuses a note: of several, the last (SHIELD-70)."""
    bans, devices = plain(caller.card.note_bans), plain(caller.card.device_bans)
    ends = [bans.get("*", 0), bans.get(str(thing.attributes.get("noteId")), 0), devices.get(caller.device_hash, 0)]
    return max(int(end) for end in ends) or None


def _missing(caller: Caller, question: Question, ids: tuple[str, ...]) -> tuple[str, ...]:
    """The action's own permissions that are not held; what a forbid says would have helped, where one of them is."""
    wanted = question.action.permissions or question.action.centre
    named = tuple(permission for name in ids if (permission := policies()[name].permission))
    if named and not caller.permissions.isdisjoint(wanted):
        return named
    return tuple(str(name) for name in wanted if name not in caller.permissions)


def _out_of_scope(principal: dict[str, Any], action: Action) -> str:
    """One that does not cover it, or none at all, of the kinds that count."""
    kinds = {
        action.entitlement or "",
        *(["tests"] if action.entitlement == "practice" and PRACTICE_WITH_TESTS() else []),
    }
    for scope in (principal[kind] for kind in kinds):
        if scope["whole"] or any(scope[name] for name in SCOPE_LISTS):
            return "ENTITLEMENT_OUT_OF_SCOPE"
    return "NO_ENTITLEMENT"


def refusal(action: Action, decision: Decision) -> ApiError:
    """The 403 of a decision: students learn the reason, staff only the missing permission's name (ACC-55)."""
    if decision.reason == "ACCOUNT_BLOCKED":
        return AccountBlocked()
    if decision.reason == "MFA_REQUIRED":
        return MfaRequired()
    if decision.reason == "WRONG_USER_TYPE":
        return WrongUserType()
    if action.for_staff:
        missing = decision.missing or tuple(str(name) for name in action.permissions)
        return Forbidden({"reason": MISSING_PERMISSION, "permission": list(missing)})
    if decision.ends_at is not None:
        return Forbidden(
            {"reason": decision.reason, "endsAt": clock.iso(datetime.fromtimestamp(decision.ends_at, UTC))}
        )
    return Forbidden({"reason": decision.reason})


def require(caller: Caller, action: Action, resource: Entity | None = None) -> None:
    """Refuse with 403 unless the policies allow it."""
    decision = decide(caller, action, resource)
    if not decision.allowed:
        raise refusal(action, decision)


def needs_mfa(caller: Caller) -> bool:
    """Whether the academy asks this person for a second factor."""
    return MFA_ADMIN() == "required" and caller.user_type == UserType.ADMIN


def require_set_up(caller: Caller) -> None:
    """Refuse whoever must first set a new password (USR-11) or a second factor (AUTH-62)."""
    if caller.must_change_password:
        raise PasswordChangeRequired
    if needs_mfa(caller) and not caller.session.get("mfa"):
        raise MfaRequired


def screen(caller: Caller, action: Action) -> None:
    """What can be refused before the request is read (HTTP-26): staff actions without any of their permissions.

    Every policy on the admin group asks for user type ADMIN and one of these permissions, or for one's own things, so
    this refuses nothing that Cedar would allow; a test holds the two together.
    """
    if not action.for_staff:
        return
    if caller.user_type != UserType.ADMIN:
        raise WrongUserType
    if caller.permissions.isdisjoint(action.permissions) and not action.own:
        raise refusal(action, Decision(allowed=False, reason=MISSING_PERMISSION, policies=()))
