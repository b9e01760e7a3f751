"""Cedar decides. Three entrances: build the request, decide, say why (ACC-62).

Policies are parsed once per container. An error while evaluating refuses and alarms (ACC-51).
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from chalicelib.platform import clock, settings
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Action, Actions, UserType
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

POLICY_FOLDER = Path(__file__).resolve().parents[3] / "policies" / "access"

NOT_PUBLISHED = "NOT_PUBLISHED"

REASON_ORDER = (
    "ACCOUNT_BLOCKED",
    "WRONG_USER_TYPE",
    "MFA_REQUIRED",
    "FEATURE_OFF",
    "OTHER_TENANT",
    NOT_PUBLISHED,
    "NOT_OPEN",
    "NOTE_BANNED",
    "DEVICE_BANNED",
    "MISSING_PERMISSION",
    "REFUND_TOO_LATE",
    "NOT_OWNER",
    "NO_ENTITLEMENT",
    "ENTITLEMENT_EXPIRED",
    "ENTITLEMENT_OUT_OF_SCOPE",
)
"""When several refusals apply, the first of these is said (ACC-55)."""


class Decision(NamedTuple):
    """``policies``: ids of the policies that decided. ``reason``: ``ALLOWED`` or the first that applies (ACC-55)."""

    allowed: bool
    reason: str
    policies: tuple[str, ...]


def permission_policies() -> str:
    """One generated policy a permission that an action lists: ``permission:<name>`` (ACC-31)."""
    listed = {name for action in Actions.all().values() if not action.late for name in action.permissions}
    return "\n".join(
        f'@id("permission:{name}")\n'
        f'@description("Staff who hold {name} do what it is for.")\n'
        f'permit (principal is User, action in Action::"permission:{name}", resource)\n'
        f'when {{ principal.userType == "{UserType.ADMIN}" && principal.permissions.contains("{name}") }};'
        for name in sorted(listed)
    )


def policy_text() -> str:
    """All policies in force."""
    written = [path.read_text("utf-8") for path in sorted(POLICY_FOLDER.glob("*.cedar"))]
    return "\n".join([*written, permission_policies()])


_REASON = re.compile(r'@id\("(?P<id>[^"]+)"\)(?:\s*@\w+\("(?:[^"]*)"\))*?\s*@reason\("(?P<reason>[A-Z_]+)"\)')


_LOOKED_AT = re.compile(r"\bprincipal\.(\w+)")
_NAMED = re.compile(r'principal\.permissions\.contains\("([^"]+)"\)')


class _Policies(NamedTuple):
    """``parsed``: the policies. ``reasons``: what a forbid says, by its id. ``attributes``, ``permissions``: what any
    of them looks at of a principal; nothing else of it is handed to Cedar, which takes its time to read.
    """

    parsed: cedarpy.PolicySet
    reasons: dict[str, str]
    attributes: frozenset[str]
    permissions: frozenset[str]


@lru_cache(maxsize=1)
def _policies() -> _Policies:
    import cedarpy

    text = policy_text()
    return _Policies(
        cedarpy.PolicySet.from_str(text),
        {match["id"]: match["reason"] for match in _REASON.finditer(text)},
        frozenset(_LOOKED_AT.findall(text)),
        frozenset(_NAMED.findall(text)),
    )


def _seen(principal: dict[str, Any], policies: _Policies) -> dict[str, Any]:
    """What the policies look at of a principal."""
    seen = {name: value for name, value in principal.items() if name in policies.attributes}
    return {**seen, "permissions": sorted(policies.permissions.intersection(principal["permissions"]))}


def prepare() -> None:
    """Parse the policies, so that no request does."""
    _policies()


def _context(action: Action) -> dict[str, Any]:
    context: dict[str, Any] = {
        "now": clock.epoch(),
        "mfaRequired": MFA_ADMIN() == "required",
        "featureOff": list(FEATURES_OFF()),
        "impersonating": False,
    }
    if action.feature:
        context["feature"] = action.feature
    return context


def _groups(action: Action) -> list[dict[str, str]]:
    names = [] if action.late else [f"permission:{name}" for name in action.permissions]
    if action.for_staff:
        names.append("admin")
    elif action.own:
        names.append("own")
    elif action.feature:
        names.append("student")
    return [{"type": "Action", "id": name} for name in names]


def _entities(user_id: str, seen: dict[str, Any], action: Action, resources: Sequence[Entity]) -> str:
    user = {"uid": {"type": "User", "id": user_id}, "attrs": {**seen, "ownerId": user_id}, "parents": []}
    verb = {"uid": {"type": "Action", "id": action.name}, "attrs": {}, "parents": _groups(action)}
    things = {
        (thing.type, thing.id): {
            "uid": {"type": thing.type, "id": thing.id},
            "attrs": dict(thing.attributes),
            "parents": [],
        }
        for thing in resources
        if (thing.type, thing.id) != ("User", user_id)
    }
    return json.dumps([user, verb, *things.values()])


def _ask(principal: dict[str, Any], action: Action, resources: Sequence[Entity]) -> list[tuple[bool, tuple[str, ...]]]:
    import cedarpy

    policies = _policies()
    context = json.dumps(_context(action))
    requests = [
        {
            "principal": {"type": "User", "id": principal["id"]},
            "action": {"type": "Action", "id": action.name},
            "resource": {"type": thing.type, "id": thing.id},
            "context": context,
        }
        for thing in resources
    ]
    entities = _entities(principal["id"], _seen(principal, policies), action, resources)
    answers = cedarpy.is_authorized_batch(requests, policies.parsed, entities)
    decided = []
    for answer in answers:
        if answer.diagnostics.errors:
            alarm("policy evaluation failed", action=action.name)
        names = answer.diagnostics.id_annotations_by_reason
        ids = tuple(sorted(names.get(reason, reason) for reason in answer.diagnostics.reasons))
        decided.append((answer.allowed and not answer.diagnostics.errors, ids))
    return decided


def own_entity(caller: Caller) -> Entity:
    """The caller's own account as a resource."""
    return Entity("User", caller.user_id)


def decide(caller: Caller, action: Action, resource: Entity | None = None) -> Decision:
    """May the caller do this? Without a resource it is about the academy, or about the caller's own account."""
    thing = resource or (own_entity(caller) if action.own else ACADEMY)
    return decide_all(caller, action, [thing])[0]


def decide_all(caller: Caller, action: Action, resources: Sequence[Entity]) -> list[Decision]:
    """The decisions about many things of one kind, in one call."""
    if not resources:
        return []
    principal = caller.principal()
    answers = _ask(principal, action, resources)
    return [
        Decision(allowed=True, reason="ALLOWED", policies=ids)
        if allowed
        else Decision(allowed=False, reason=_why(caller, principal, action, thing, ids), policies=ids)
        for (allowed, ids), thing in zip(answers, resources, strict=True)
    ]


def _why(caller: Caller, principal: dict[str, Any], action: Action, thing: Entity, ids: tuple[str, ...]) -> str:
    reasons = _policies().reasons
    said = {reasons[name] for name in ids if name in reasons}
    if not thing.attributes.get("published", True):
        said.add(NOT_PUBLISHED)
    if action.for_staff:
        said.add("MISSING_PERMISSION")
    elif action.own:
        said.add("NOT_OWNER")
    elif action.entitlement and thing.attributes.get("published", True):
        said.add(_entitlement_reason(caller, principal, action, thing))
    return next((reason for reason in REASON_ORDER if reason in said), "MISSING_PERMISSION")


def _entitlement_reason(caller: Caller, principal: dict[str, Any], action: Action, thing: Entity) -> str:
    """None at all, one that covered it and ended, or one that does not cover it: asked of the same policies."""
    had = _ask(caller.principal(with_ended=True), action, [thing])[0]
    if any(name.startswith("open-entitled") for name in had[1]) or had[0]:
        return "ENTITLEMENT_EXPIRED"
    scope = principal[action.entitlement or ""]
    named = any(scope[name] for name in ("noteIds", "testIds", "subjectIds", "topicIds"))
    return "ENTITLEMENT_OUT_OF_SCOPE" if named or scope["whole"] else "NO_ENTITLEMENT"


def refusal(action: Action, decision: Decision) -> ApiError:
    """The 403 of a decision: students learn the reason, staff only the missing permission's name (ACC-55)."""
    if decision.reason == "ACCOUNT_BLOCKED":
        return AccountBlocked()
    if decision.reason == "MFA_REQUIRED":
        return MfaRequired()
    if decision.reason == "WRONG_USER_TYPE":
        return WrongUserType()
    if action.for_staff:
        return Forbidden({"reason": "MISSING_PERMISSION", "permission": [str(name) for name in action.permissions]})
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

    Every policy on the admin group asks for user type ADMIN and one of these permissions, so this refuses nothing that
    Cedar would allow; a test holds the two together.
    """
    if not action.for_staff:
        return
    if caller.user_type != UserType.ADMIN:
        raise WrongUserType
    if caller.permissions.isdisjoint(action.permissions) and not action.own:
        raise refusal(action, Decision(allowed=False, reason="MISSING_PERMISSION", policies=()))
