"""The one table: items, single reads and writes, transactions, queries, and the meter of what they cost."""

from chalicelib.platform.store.conflicts import ConditionFailed, TransactionLost
from chalicelib.platform.store.items import InstantAttribute, Item, became, kind_of, read
from chalicelib.platform.store.keys import TABLE_NAME, Key
from chalicelib.platform.store.pages import Query, Slice, every, fetch
from chalicelib.platform.store.table import absent, delete, get, get_many, present, put, update
from chalicelib.platform.store.transaction import Transaction

__all__ = [
    "TABLE_NAME",
    "ConditionFailed",
    "InstantAttribute",
    "Item",
    "Key",
    "Query",
    "Slice",
    "Transaction",
    "TransactionLost",
    "absent",
    "became",
    "delete",
    "every",
    "fetch",
    "get",
    "get_many",
    "kind_of",
    "present",
    "put",
    "read",
    "update",
]
