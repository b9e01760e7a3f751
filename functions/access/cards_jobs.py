"""The nightly look at access cards."""

from __future__ import annotations

from chalicelib.commerce.subscriptions import repair_entitlements
from chalicelib.identity.access.checking import CardsChecked, check
from chalicelib.platform.work import Cron, Grant, JobRun, job


@job(
    "check-cards",
    every=Cron("0 4 * * ? *"),
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE],
    memory=512,
    timeout=600,
)
def check_cards(run: JobRun) -> CardsChecked:
    """End roles whose time is over; look whether access cards say what roles and entitlements do, and repair them.

    All staff and operators every night; of the students a hundredth, going round.
    """
    return check(run.remaining, repair_entitlements)
