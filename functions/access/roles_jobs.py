"""What happens to roles outside of requests."""

from __future__ import annotations

from chalicelib.identity.roles import carry_on
from chalicelib.identity.roles.propagation import RoleChangeMessage
from chalicelib.platform.events.queues import Queues
from chalicelib.platform.work import Grant, worker


@worker(
    Queues.ROLE_CHANGES,
    batch=1,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SEND_ROLE_CHANGES],
    timeout=50,
)
def carry_role_change(message: RoleChangeMessage) -> None:
    """Carry an edit of a role to some of its holders' access cards; a message of its own goes on with the rest."""
    carry_on(message.change_id)
