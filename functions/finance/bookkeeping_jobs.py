"""The books, compared every night."""

from __future__ import annotations

from chalicelib.commerce import selling
from chalicelib.commerce.bookkeeping import reconciling
from chalicelib.commerce.bookkeeping.reconciling import Summary
from chalicelib.commerce.payments import lookup
from chalicelib.platform.work import Cron, Grant, JobRun, Rate, job

__all__ = ["selling"]


@job(
    "reconcile-books",
    every=Cron("30/10 2 * * ? *"),
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE],
    memory=1024,
    timeout=900,
)
def reconcile_books(run: JobRun) -> Summary:
    """Compare the days that are due with their orders and the gateways' statements.

    At 02:30 of the academy's day, and twice more: what a run could not finish the next one goes on with. `day` has one
    day compared anew.
    """
    return reconciling.reconcile(run.given, run.remaining)


@job("measure-payments", every=Rate(minutes=15), grants=[Grant.TABLE_READ])
def measure_payments(run: JobRun) -> dict[str, int]:
    """Measure how many orders have hung for an hour, or wait for a decision of staff."""
    return lookup.count_hanging()
