"""What invitations do by themselves."""

from __future__ import annotations

from chalicelib.identity.invites.ending import expire_due
from chalicelib.platform.http import ResponseModel
from chalicelib.platform.work import Cron, Grant, JobRun, job


class InvitesExpired(ResponseModel):
    """How many invitations a run expired."""

    expired: int


@job("expire-invites", every=Cron("0 3 * * ? *"), grants=[Grant.TABLE_READ, Grant.TABLE_WRITE], timeout=120)
def expire_invites(run: JobRun) -> InvitesExpired:
    """Mark the invitations as expired whose time is over, each night at 03:00. Running it again changes nothing."""
    return InvitesExpired(expired=expire_due())
