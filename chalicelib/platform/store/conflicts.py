"""Errors of the table, and the retries that botocore does not do: transaction conflicts (HTTP-28)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.errors import Conflict, Unavailable
from chalicelib.platform.store.items import Item, read

T = TypeVar("T")

TRIES = 4
BUDGET_SECONDS = 2.0
_CONFLICTS = frozenset({"TransactionConflictException", "TransactionInProgressException"})
_BUSY = frozenset(
    {"ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "InternalServerError"}
)


class ConditionFailed(Exception):
    """A single write whose condition did not hold; ``item`` is what was there (None: nothing)."""

    def __init__(self, item: Item | None) -> None:
        super().__init__("the condition of a write did not hold")
        self.item = item


class TransactionLost(Exception):
    """A transaction in which at least one condition did not hold; nothing of it was written.

    ``reasons`` has one entry an action, ``None`` where it held; ``failed("name")`` asks by the action's name;
    ``item("name")`` is what was there instead, where the action asked for it.
    """

    def __init__(self, names: list[str], reasons: list[str | None], items: list[Item | None]) -> None:
        super().__init__(f"conditions of a transaction did not hold: {self._named(names, reasons)}")
        self.reasons = reasons
        self._names = names
        self._items = items

    @staticmethod
    def _named(names: list[str], reasons: list[str | None]) -> str:
        return ", ".join(name for name, reason in zip(names, reasons, strict=True) if reason)

    def failed(self, name: str) -> bool:
        """Whether the action of that name (or one whose name starts with it and a colon) lost its condition."""
        return any(
            reason is not None and (own == name or own.startswith(f"{name}:"))
            for own, reason in zip(self._names, self.reasons, strict=True)
        )

    def item(self, name: str) -> Item | None:
        """What the table held for the action of that name when it lost."""
        for own, item in zip(self._names, self._items, strict=True):
            if own == name:
                return item
        return None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _reasons(error: ClientError) -> list[dict[str, Any]]:
    reasons = error.response.get("CancellationReasons")
    return reasons if isinstance(reasons, list) else []


def _is_conflict(error: ClientError) -> bool:
    if _code(error) in _CONFLICTS:
        return True
    codes = {str(reason.get("Code")) for reason in _reasons(error)}
    return "TransactionConflict" in codes and "ConditionalCheckFailed" not in codes


def calling(call: Callable[[], T]) -> T:
    """Make a call to the table; conflicts are tried again with full jitter, at most ``BUDGET_SECONDS`` in all.

    Raises ``Conflict`` (409) when a conflict persists, ``Unavailable`` (503) when the table does not answer; what
    remains of ``ClientError`` (a condition, a cancelled transaction) is the caller's to read.
    """
    deadline = time.monotonic() + BUDGET_SECONDS
    for attempt in range(TRIES):
        try:
            return call()
        except ClientError as error:
            if _code(error) in _BUSY:
                raise Unavailable from error
            if not _is_conflict(error):
                raise
            pause = random.uniform(0, 0.05 * 2**attempt)  # noqa: S311  # jitter, not a secret
            if attempt == TRIES - 1 or time.monotonic() + pause > deadline:
                raise Conflict from error
            time.sleep(pause)
        except BotoCoreError as error:
            raise Unavailable from error
    raise Conflict


def condition_failed(error: ClientError) -> ConditionFailed | None:
    """The failed condition that an error tells of, if it does."""
    if _code(error) != "ConditionalCheckFailedException":
        return None
    raw = error.response.get("Item")
    return ConditionFailed(read(raw) if isinstance(raw, dict) and raw else None)


def transaction_lost(error: ClientError, names: list[str]) -> TransactionLost | None:
    """The cancelled transaction that an error tells of, if it does."""
    if _code(error) != "TransactionCanceledException":
        return None
    reasons = _reasons(error)
    if not any(reason.get("Code") == "ConditionalCheckFailed" for reason in reasons):
        return None
    codes = [None if reason.get("Code") in (None, "None") else str(reason["Code"]) for reason in reasons]
    items = [read(reason["Item"]) if reason.get("Item") else None for reason in reasons]
    return TransactionLost(names, codes, items)
