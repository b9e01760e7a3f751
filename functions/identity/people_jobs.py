"""How accounts end, without a request."""

from __future__ import annotations

from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.identity.people import erasure
from chalicelib.identity.people.erasure import Erasures
from chalicelib.platform.work import Cron, Grant, JobRun, consumer, job


@job(
    "erase-accounts",
    every=Cron("30 3 * * ? *"),
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_DATA],
    timeout=300,
)
def erase_accounts(run: JobRun) -> Erasures:
    """Erase the accounts whose deletion is due, each in one transaction; a second run finds nothing left to do."""
    return erasure.erase_due(run.remaining)


@consumer(on=[UserDeleted], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def forget_sessions(event: UserDeleted) -> None:
    """Remove the sessions of an erased account, with the addresses and devices that they tell of."""
    erasure.forget_leftovers(event.user_id)
