"""Super-admins are told when a role gains something sensitive (ACC-54)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from chalicelib.identity.accounts import ACTIVE, User, user_key
from chalicelib.identity.roles import SENSITIVE, Letter, Role, super_admins
from chalicelib.platform import clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import alarm
from chalicelib.platform.messages import MessageClass, Template, post
from chalicelib.platform.store import Transaction

ACCESS_CHANGED = Template(
    "AUTH_ACCESS_CHANGED",
    MessageClass.SECURITY,
    required=("at", "actorName", "roleName", "permissions"),
    optional=("userName",),
)

MOST = 90
"""Letters that a transaction has room for."""


def letters(by: Caller, role: Role, added: frozenset[str]) -> Sequence[Letter]:
    """The messages about a role that gains these permissions; none where nothing sensitive is among them.

    Two round trips.
    """
    sensitive = sorted(added & SENSITIVE)
    if not sensitive:
        return []
    to, actor = _addressees(by)
    payload = {
        "at": clock.iso(clock.now()),
        "actorName": actor,
        "roleName": str(role.name),
        "permissions": ", ".join(sensitive),
    }
    cause = new_ulid()
    return [partial(_post, user, payload, cause) for user in to]


def _addressees(by: Caller) -> tuple[list[User], str]:
    """All active super-admins, and the name of who changes something."""
    ids = super_admins()
    if len(ids) > MOST:
        alarm("more super-admins than can be told of a change", superAdmins=len(ids))
    found = store.get_many([user_key(user_id) for user_id in [by.user_id, *ids[:MOST]]])
    people = {str(user.id): user for user in found if isinstance(user, User)}
    actor = people.get(by.user_id)
    reached = [people[user_id] for user_id in ids[:MOST] if user_id in people]
    return [user for user in reached if user.status == ACTIVE and user.email], str(actor.name) if actor else ""


def _post(user: User, payload: dict[str, str], cause: str, tx: Transaction) -> None:
    post(
        tx,
        ACCESS_CHANGED,
        str(user.email),
        dedup=f"{ACCESS_CHANGED.key}:{cause}",
        user_id=user.id,
        locale=user.locale or "en-IN",
        payload={**payload, "userName": user.name},
    )
