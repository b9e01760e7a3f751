"""Several writes that happen together or not at all, once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from botocore.exceptions import ClientError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.platform.aws import clients
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store.conflicts import calling, transaction_lost
from chalicelib.platform.store.items import Item
from chalicelib.platform.store.keys import TABLE_NAME, Key
from chalicelib.platform.store.table import Expressions

MAX_ACTIONS = 100


class Transaction:
    """Collects writes and their conditions; the use case commits it once, at its end.

    Domains add to it (``entitlements.grant(tx, …)``). The token makes botocore's own retry of a lost answer harmless.
    """

    def __init__(self) -> None:
        self._actions: list[dict[str, Any]] = []
        self._names: list[str] = []
        self._keys: set[tuple[str, str]] = set()

    def __len__(self) -> int:
        return len(self._actions)

    def put(self, item: Item, *, when: Condition | None = None, name: str = "") -> None:
        """Write a whole item."""
        expressions = Expressions()
        body: dict[str, Any] = {"Item": item.serialize()}
        self._add("Put", body, item.itself, expressions, when, name or type(item).__name__)

    def update(
        self,
        item: type[Item],
        key: Key,
        actions: Sequence[Action],
        *,
        when: Condition | None = None,
        name: str = "",
    ) -> None:
        """Change single attributes of an item."""
        expressions = Expressions()
        body: dict[str, Any] = {"Key": key.raw(), "UpdateExpression": expressions.update(actions)}
        self._add("Update", body, key, expressions, when, name or item.__name__)

    def delete(self, item: type[Item], key: Key, *, when: Condition | None = None, name: str = "") -> None:
        """Remove an item."""
        self._add("Delete", {"Key": key.raw()}, key, Expressions(), when, name or item.__name__)

    def check(self, item: type[Item], key: Key, when: Condition, *, name: str = "") -> None:
        """Hold only if the condition is true of an item that is not changed."""
        self._add("ConditionCheck", {"Key": key.raw()}, key, Expressions(), when, name or item.__name__)

    def commit(self) -> None:
        """Write everything in one ``TransactWriteItems``.

        Raises ``TransactionLost`` when a condition did not hold (nothing was written), ``Conflict`` when others kept
        writing the same items at the same moment, ``Unavailable`` when the table did not answer.
        """
        token = new_ulid()
        try:
            calling(
                lambda: clients.dynamodb().transact_write_items(
                    TransactItems=self._actions, ClientRequestToken=token, ReturnConsumedCapacity="TOTAL"
                )
            )
        except ClientError as error:
            lost = transaction_lost(error, self._names)
            if lost is not None:
                raise lost from error
            raise

    def _add(
        self,
        verb: str,
        body: dict[str, Any],
        key: Key,
        expressions: Expressions,
        when: Condition | None,
        name: str,
    ) -> None:
        if key in self._keys:
            raise ValueError(f"a transaction touches an item once; {name} came twice")
        if len(self._actions) >= MAX_ACTIONS:
            raise ValueError(f"a transaction has at most {MAX_ACTIONS} actions")
        self._keys.add(key)
        if when is not None:
            body["ConditionExpression"] = expressions.condition(when)
            body["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        self._actions.append({verb: {"TableName": TABLE_NAME(), **body, **expressions.keywords()}})
        self._names.append(name)
