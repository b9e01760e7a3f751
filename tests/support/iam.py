"""As much of IAM's evaluation as our roles use: Allow and Deny, wildcards, and conditions on DynamoDB's leading keys.

The semantics are those of the IAM user guide («Policy evaluation logic», «Multivalued context keys»): an explicit Deny
wins; ``ForAllValues`` holds when every value of the request matches, and also when it has none; ``ForAnyValue`` holds
when at least one matches; a negated operator matches a value that none of the policy's texts match.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

LEADING_KEYS = "dynamodb:LeadingKeys"


@dataclass(frozen=True)
class Ask:
    """One decision: may this action be done on this resource, with these values of context keys?"""

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class UnknownCondition(Exception):
    """A condition operator that this evaluation does not know: a proof must not guess."""


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = (".*" if one == "*" else "." if one == "?" else re.escape(one) for one in re.split(r"([*?])", pattern))
    return re.compile("".join(parts), re.DOTALL)


def like(value: str, pattern: str) -> bool:
    """``*`` is any text, ``?`` any character."""
    return _expression(pattern).fullmatch(value) is not None


def _texts(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]


def _one_holds(operator: str, value: str, patterns: list[str]) -> bool:
    if operator == "StringLike":
        return any(like(value, pattern) for pattern in patterns)
    if operator == "StringNotLike":
        return not any(like(value, pattern) for pattern in patterns)
    if operator == "StringEquals":
        return value in patterns
    if operator == "StringNotEquals":
        return value not in patterns
    raise UnknownCondition(operator)


def _condition_holds(operator: str, key: str, patterns: list[str], ask: Ask) -> bool:
    values = ask.context.get(key, ())
    if operator == "Null":
        return (not values) == (patterns == ["true"])
    quantifier, _, plain = operator.rpartition(":")
    if quantifier == "ForAllValues":
        return all(_one_holds(plain, value, patterns) for value in values)
    if quantifier == "ForAnyValue":
        return any(_one_holds(plain, value, patterns) for value in values)
    if quantifier:
        raise UnknownCondition(operator)
    return len(values) == 1 and _one_holds(plain, values[0], patterns)


def applies(statement: Mapping[str, Any], ask: Ask) -> bool:
    """Whether a statement speaks about this decision."""
    actions = _texts(statement["Action"])
    if not any(like(ask.action.lower(), action.lower()) for action in actions):
        return False
    if not any(like(ask.resource, resource) for resource in _texts(statement["Resource"])):
        return False
    return all(
        _condition_holds(operator, key, _texts(patterns), ask)
        for operator, keys in statement.get("Condition", {}).items()
        for key, patterns in keys.items()
    )


def allowed(statements: Iterable[Mapping[str, Any]], ask: Ask) -> bool:
    """The decision."""
    effects = {statement["Effect"] for statement in statements if applies(statement, ask)}
    return "Allow" in effects and "Deny" not in effects
