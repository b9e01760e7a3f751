"""What identity does without a request."""

from __future__ import annotations

from chalicelib.identity.accounts.seed import create_super_admin, super_admin_to_create
from chalicelib.identity.roles import seed_roles
from chalicelib.platform.http import ResponseModel
from chalicelib.platform.work import Grant, JobRun, job


class Seeded(ResponseModel):
    """What a run of the seed changed; all empty when everything was there."""

    roles_created: list[str]
    roles_updated: list[str]
    cards_updated: list[str]
    super_admin_created: bool


@job(
    "seed",
    grants=[
        Grant.TABLE_READ,
        Grant.TABLE_WRITE,
        Grant.LOGIN_READ,
        Grant.SECRET_PERSONAL,
        Grant.SECRET_SUPERADMIN,
    ],
    memory=512,
    timeout=120,
)
def seed(run: JobRun) -> Seeded:
    """Create the default roles and the first super-admin where they are missing.

    Runs after every deployment. A second run changes nothing; roles that were edited and passwords that were set stay.
    Fails, and changes nothing, when the super-admin's e-mail belongs to somebody else or the password is a default.
    """
    missing = super_admin_to_create()
    roles = seed_roles()
    return Seeded(
        roles_created=roles.created,
        roles_updated=roles.updated,
        cards_updated=roles.cards,
        super_admin_created=missing is not None and create_super_admin(missing),
    )
