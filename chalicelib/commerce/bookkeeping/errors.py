"""Errors of the books."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class LedgerUnbalanced(ApiError):
    status = 422
    code = "LEDGER_UNBALANCED"
    message = "The debits of an entry must equal its credits"


class StatementUnreadable(ApiError):
    """``details``: ``{reason}``."""

    status = 422
    code = "STATEMENT_UNREADABLE"
    message = "This file is not a statement that can be imported"
