"""Whose second factor it is: what is read beside the caller, and what every change of it writes."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.identity.accounts import Login, User, UserNotFound
from chalicelib.identity.factors import MfaFactor
from chalicelib.identity.sessions import factor_keys, factor_of
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.resources import Entity, Resource
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Transaction

MFA_ENABLE = AuditAction("mfa.enable", "Somebody set up a second factor")
MFA_DISABLE = AuditAction("mfa.disable", "Somebody removed their second factor")
MFA_RENEW = AuditAction("mfa.renew_recovery_codes", "Somebody made new recovery codes")
MFA_RESET = AuditAction("mfa.reset", "Staff removed the second factor of somebody")


@frozen
class Owner:
    """The caller, their profile, and what was read beside it: ``factor_keys``."""

    caller: Caller
    user: User
    beside: Sequence[Item | None]

    @property
    def factor(self) -> MfaFactor | None:
        """Their factor, confirmed or not."""
        return factor_of(self.beside)


OWN_FACTOR = Resource(
    param="user",
    item=User,
    key=lambda _, caller_id: User.place(caller_id),
    entity=lambda user: Entity("User", user.id, {"ownerId": user.id}),
    missing=UserNotFound,
    beside=(
        lambda _, caller_id: factor_keys(caller_id)[0],
        lambda _, caller_id: factor_keys(caller_id)[1],
    ),
)
"""The caller's own profile; their second factor and the wrong codes lately are read beside it."""


def mark_login(tx: Transaction, user: User, *, enrolled: bool) -> None:
    """Add that the login says whether a second factor is asked for.

    When ``login`` loses, the e-mail address was changed at the same moment.
    """
    own = Login.user_id == user.id
    tx.update(Login, Login.place(user.email), [Login.mfa.set(enrolled), Login.version.add(1)], when=own, name="login")
