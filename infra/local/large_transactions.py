"""Transactions of more than ten actions on a DynamoDB Local that is older than the service's hundred.

Calls come one at a time, so nothing changes between the parts: all conditions are asked first, in parts, of the state
before; when all hold, the writes follow in parts without conditions. The stream sees the writes alone; reasons and
capacity are those of one transaction.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

PART = 10
_NAMES = re.compile(r"[#:]\w+")
_ERROR = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
_MISMATCH = "com.amazonaws.dynamodb.v20120810#IdempotentParameterMismatchException"

Call = Callable[[dict[str, Any]], tuple[int, dict[str, Any]]]
"""Makes one ``TransactWriteItems`` and answers status and body."""


class LargeTransactions:
    """Remembers tokens, as the service does for ten minutes."""

    def __init__(self, call: Call, key_names: Callable[[], Sequence[str]]) -> None:
        self._call = call
        self._key_names = key_names
        self._done: dict[str, tuple[str, dict[str, Any]]] = {}

    def commit(self, given: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
        """Status and body of a transaction of any size."""
        actions = [next(iter(item.items())) for item in given["TransactItems"]]
        token = str(given.get("ClientRequestToken", ""))
        said = hashlib.sha256(json.dumps(given["TransactItems"], sort_keys=True).encode()).hexdigest()
        known = self._done.get(token)
        if known is not None:
            return (200, known[1]) if known[0] == said else (400, {"__type": _MISMATCH, "message": "another request"})
        status, body = self._conditions(actions)
        if status != 200:
            return status, body
        status, body = self._writes(actions)
        if status == 200 and token:
            self._done[token] = (said, body)
        return status, body

    def _conditions(self, actions: Sequence[tuple[str, dict[str, Any]]]) -> tuple[int, dict[str, Any]]:
        """Ask all conditions; the reasons of all parts together when one does not hold."""
        asked = [(place, self._check(verb, one)) for place, (verb, one) in enumerate(actions)]
        asked = [(place, check) for place, check in asked if "ConditionExpression" in check]
        reasons: list[dict[str, Any]] = [{"Code": "None"} for _ in actions]
        lost: dict[str, Any] | None = None
        for first in range(0, len(asked), PART):
            part = asked[first : first + PART]
            status, body = self._call({"TransactItems": [{"ConditionCheck": check} for _, check in part]})
            if status == 200:
                continue
            if "CancellationReasons" not in body:
                return status, body
            lost = body
            for (place, _), reason in zip(part, body["CancellationReasons"], strict=True):
                reasons[place] = reason
        if lost is None:
            return 200, {}
        return 400, {**lost, "__type": _ERROR, "CancellationReasons": reasons}

    def _check(self, verb: str, one: Mapping[str, Any]) -> dict[str, Any]:
        key = one["Key"] if verb != "Put" else {name: one["Item"][name] for name in self._key_names()}
        kept = {"TableName": one["TableName"], "Key": key}
        for name in ("ConditionExpression", "ReturnValuesOnConditionCheckFailure"):
            if name in one:
                kept[name] = one[name]
        return _with_used(kept, one, str(one.get("ConditionExpression", "")))

    def _writes(self, actions: Sequence[tuple[str, dict[str, Any]]]) -> tuple[int, dict[str, Any]]:
        writes = [{verb: _bare(verb, one)} for verb, one in actions if verb != "ConditionCheck"]
        units = 0.0
        for first in range(0, len(writes), PART):
            part = writes[first : first + PART]
            status, body = self._call({"TransactItems": part, "ReturnConsumedCapacity": "TOTAL"})
            if status != 200:
                return status, body
            units += sum(float(one["CapacityUnits"]) for one in body.get("ConsumedCapacity", []))
        table = actions[0][1]["TableName"]
        return 200, {"ConsumedCapacity": [{"TableName": table, "CapacityUnits": units}]}


def _bare(verb: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """A write without its condition."""
    kept = {name: one[name] for name in ("TableName", "Key", "Item", "UpdateExpression") if name in one}
    return _with_used(kept, one, str(one.get("UpdateExpression", ""))) if verb == "Update" else kept


def _with_used(kept: dict[str, Any], one: Mapping[str, Any], expression: str) -> dict[str, Any]:
    """With the names and values that an expression uses: the service refuses others."""
    used = set(_NAMES.findall(expression))
    for name in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        found = {short: value for short, value in one.get(name, {}).items() if short in used}
        if found:
            kept[name] = found
    return kept
