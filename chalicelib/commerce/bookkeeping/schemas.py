"""Requests and answers of the books, for staff."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from chalicelib.commerce.payments import ACCOUNTS
from chalicelib.platform.http import Characters, Instant, ListQuery, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid
from chalicelib.platform.money import MAX_PAISE

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_out(value: object) -> object:
    """A text is a day only as ``2026-01-31``: no number of seconds, no instant."""
    if not isinstance(value, str):
        return value
    if _DAY.fullmatch(value) is None:
        raise ValueError("must be a day like 2026-01-31")
    return date.fromisoformat(value)


_DAY_SCHEMA = WithJsonSchema({"type": "string", "format": "date", "maxLength": 10, "examples": ["2026-01-31"]})
Day = Annotated[date, BeforeValidator(_written_out), _DAY_SCHEMA]
"""A day of the academy."""
GatewayName = Annotated[str, Characters(1, 20, pattern="^[A-Z_]+$")]
OrderId = Annotated[str, Characters(29, 29, pattern="^TXN[0-9A-HJKMNP-TV-Z]{26}$")]
Account = Annotated[str, Characters(4, 28, pattern=f"^(?:{ACCOUNTS.pattern})$")]
Paise = Annotated[int, Field(ge=0, le=MAX_PAISE, examples=[49900])]


class LedgerQuery(ListQuery):
    """A day or an order."""

    date: Day | None = None
    merchant_transaction_id: OrderId | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> LedgerQuery:
        if (self.date is None) == (self.merchant_transaction_id is None):
            raise ValueError("name either date or merchantTransactionId")
        return self


class LedgerLine(ResponseModel):
    """One line of an entry."""

    account: str
    debit_paise: int
    credit_paise: int


class LedgerEntry(ResponseModel):
    """One entry. ``merchantTransactionId`` null: it belongs to no order."""

    merchant_transaction_id: str | None
    entry_id: str
    lines: list[LedgerLine]
    currency: str
    at: Instant
    by: str
    memo: str


class AccountTotal(ResponseModel):
    """What an account moved; ``balancePaise`` is debits less credits."""

    account: str
    balance_paise: int


class LedgerPage(ResponseModel):
    """Entries, oldest first. ``totals``: of the whole order or day; null for a day of several pages not yet closed."""

    items: list[LedgerEntry]
    next_cursor: str | None = Field(default=None, max_length=2048)
    totals: list[AccountTotal] | None


class AdjustmentLine(RequestModel):
    """One line: either a debit or a credit."""

    account: Account = Field(examples=["SUSPENSE"])
    debit_paise: Paise = 0
    credit_paise: Paise = 0


class Adjustment(RequestModel):
    """A correction of the books: it moves no money and no access."""

    lines: Annotated[tuple[AdjustmentLine, ...], Field(min_length=2, max_length=20)]
    memo: Annotated[str, Characters(3, 500)]
    merchant_transaction_id: OrderId | None = None


class StatementRow(RequestModel):
    """One row of a gateway's statement; amounts are never negative: ``kind`` says which way they went."""

    reference: Annotated[str, Characters(1, 64, pattern="^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
    kind: Literal["PAYMENT", "REFUND", "CHARGEBACK"] = "PAYMENT"
    merchant_transaction_id: Annotated[str, Characters(1, 64)] | None = None
    amount_paise: Paise
    fee_paise: Paise = 0
    tax_on_fee_paise: Paise = 0
    settled_at: Instant


class StatementImport(RequestModel):
    """A gateway's statement of a day: its rows, or an uploaded CSV file of them (purpose SETTLEMENT_CSV).

    ``fromRow``: of a file with more than 1,000 rows, where this call begins; the answer's ``nextRow``.
    """

    gateway: GatewayName = Field(examples=["PHONEPE"])
    date: Annotated[date, BeforeValidator(_written_out), _DAY_SCHEMA]
    rows: Annotated[tuple[StatementRow, ...], Field(min_length=1, max_length=1_000)] | None = None
    file_asset_id: Ulid | None = None
    from_row: int = Field(default=1, ge=1, le=1_000_000)

    @model_validator(mode="after")
    def _one_of_both(self) -> StatementImport:
        if (self.rows is None) == (self.file_asset_id is None):
            raise ValueError("give either rows or fileAssetId")
        return self


class RejectedRow(ResponseModel):
    """A row that was not imported; rows count from 1."""

    row: int
    reference: str | None
    reason: str


class StatementImported(ResponseModel):
    """``accepted``: rows that are in the books now, ``known`` of them since an earlier import."""

    accepted: int
    known: int
    rejected: list[RejectedRow]
    next_row: int | None


class ReconciliationQuery(QueryModel):
    """Which days of the academy, at most 92, both included."""

    gateway: GatewayName | None = None
    from_: Day = Field(alias="from")
    to: Day


class BookDifference(ResponseModel):
    """Something that does not fit; what it is about and what was expected."""

    kind: str
    merchant_transaction_id: str | None
    merchant_refund_id: str | None
    reference: str | None
    expected_paise: int | None
    found_paise: int | None


class DayReport(ResponseModel):
    """A day of one gateway. ``owedPaise``: how much more it owes us at the day's end than at its beginning.

    ``ledgerBalancePaise``: debits less credits, 0 in sound books. ``differences``: the first 200 of all.
    """

    date: str
    gateway: str
    orders: int
    captured_paise: int
    refunded_paise: int
    fees_paise: int
    settled_paise: int
    owed_paise: int
    ledger_balance_paise: int
    differences: list[BookDifference]
    difference_count: int
    made_at: Instant


class DayReports(ResponseModel):
    """Reports by day, then by gateway."""

    items: list[DayReport]
