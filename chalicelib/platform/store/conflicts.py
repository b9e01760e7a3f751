"""Errors of the table, and the one place where its calls are tried again (HTTP-28)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform import context
from chalicelib.platform.errors import ApiError, Conflict, Unavailable
from chalicelib.platform.store.items import Item, read

T = TypeVar("T")

TRIES = 4
BUDGET_SECONDS = 2.0
RESERVE_SECONDS = 1.0
FIRST_PAUSE_SECONDS = 0.05
_LOST = "ConditionalCheckFailed"
_CONFLICTS = frozenset({"TransactionConflictException", "TransactionInProgressException"})
_BUSY = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ProvisionedThroughputExceeded",
        "ThrottlingException",
        "ThrottlingError",
        "RequestLimitExceeded",
        "InternalServerError",
    }
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
        return ", ".join(name for name, reason in zip(names, reasons, strict=True) if reason == _LOST)

    def failed(self, name: str) -> bool:
        """Whether the action of that name (or one whose name starts with it and a colon) lost its condition."""
        return any(
            reason == _LOST and (own == name or own.startswith(f"{name}:"))
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


def _trouble(error: ClientError) -> type[ApiError] | None:
    """What passes if one waits: other writers at the same items, a busy or faulty table. None for anything else."""
    reasons = {str(reason.get("Code")) for reason in _reasons(error)}
    if _LOST in reasons:
        return None
    if _code(error) in _CONFLICTS or "TransactionConflict" in reasons:
        return Conflict
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return Unavailable if _code(error) in _BUSY or reasons & _BUSY or status >= 500 else None


def calling(call: Callable[[], T]) -> T:
    """Make a call to the table; what passes is tried again, at most 3 times, with full jitter (HTTP-28).

    All tries together take at most ``BUDGET_SECONDS`` and end 1 s before the function's time-out. Raises ``Conflict``
    (409) when a conflict persists, ``Unavailable`` (503) when the table does not answer; what remains of
    ``ClientError`` (a condition, a cancelled transaction) is the caller's to read. botocore itself retries none of it.
    """
    deadline = time.monotonic() + min(BUDGET_SECONDS, context.current().remaining() - RESERVE_SECONDS)
    for attempt in range(TRIES):
        try:
            return call()
        except ClientError as error:
            trouble, cause = _trouble(error), error
            if trouble is None:
                raise
        except BotoCoreError as error:
            trouble, cause = Unavailable, error
        pause = random.uniform(0, FIRST_PAUSE_SECONDS * 2**attempt)  # noqa: S311  # jitter, not a secret
        if attempt == TRIES - 1 or time.monotonic() + pause > deadline:
            raise trouble from cause
        time.sleep(pause)
    raise Unavailable


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
    if not any(reason.get("Code") == _LOST for reason in reasons):
        return None
    codes = [None if reason.get("Code") in (None, "None") else str(reason["Code"]) for reason in reasons]
    items = [read(reason["Item"]) if reason.get("Item") else None for reason in reasons]
    return TransactionLost(names, codes, items)
