"""What support corrects of somebody's profile (USR-14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.identity import accounts, roles, sessions
from chalicelib.identity.accounts import EmailTaken, Login, User
from chalicelib.identity.people.acting import as_they_are, require_may_act
from chalicelib.platform import audit, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.proof import require_recent
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction, TransactionLost, became

BY_STAFF = "The academy's staff"
"""What the mail about a new address calls the device."""

TRIES = 4


@frozen
class Correction:
    """The fields that are to change, and why. ``expected``: the version that the profile must have."""

    changes: Mapping[str, Any]
    reason: str
    expected: int | None = None


def correct(user: User, card: AccessCard, wish: Correction, *, by: Caller) -> tuple[User, AccessCard]:
    """Change ``name``, ``phone`` (None removes it) or ``email`` of somebody; what is so already is not written.

    Another e-mail is unverified, ends every session, and both addresses are told; the password stays. It needs a
    recent proof (AUTH-59). One round trip, two with an e-mail. Answers profile and card as they are then.

    Raises ``NotOnYourself``, ``TargetOutranks``, ``UserNotFound`` for a deleted account, ``EmailTaken``,
    ``ReauthRequired``, ``VersionMismatch``, ``Conflict`` when others kept changing the profile, ``AccountBlocked`` for
    an actor who was blocked meanwhile.
    """
    for _ in range(TRIES):
        require_may_act(by, user, card)
        if wish.expected is not None and user.version != wish.expected:
            raise VersionMismatch({"version": int(user.version)})
        new = {name: value for name, value in wish.changes.items() if getattr(user, name) != value}
        if not new:
            return user, card
        login = _login_to_move(user, new, by)
        try:
            _transaction(user, card, new, login, wish.reason, by).commit()
        except TransactionLost as lost:
            roles.raise_if_not_admitted(lost)
            if lost.failed("login"):
                raise EmailTaken from lost
            user, card = as_they_are(user.id)
            continue
        if login is not None:
            card.sessions = {}
            new["email_verified_at"] = None
        return became(user, new), card
    raise Conflict


def _login_to_move(user: User, new: Mapping[str, Any], by: Caller) -> Login | None:
    """The login as it is, where the e-mail changes; ``Conflict`` when it has just moved."""
    if "email" not in new:
        return None
    require_recent(by)
    accounts.check_domain_allowed(new["email"])
    login = store.get(Login, Login.place(user.email))
    if login is None or login.user_id != user.id:
        raise Conflict
    return login


def _transaction(
    user: User, card: AccessCard, new: Mapping[str, Any], login: Login | None, reason: str, by: Caller
) -> Transaction:
    tx = Transaction()
    roles.admitted(tx, by)
    same = cast(Condition, AccessCard.roles_version == card.roles_version)
    if login is None:
        accounts.add_changes(tx, user, new)
        tx.check(AccessCard, card.itself, same, name="card")
    else:
        accounts.add_changes(tx, user, new, also=[User.email_verified_at.remove()])
        tx.update(AccessCard, card.itself, sessions.all_ended("ADMIN"), when=same, name="card")
        accounts.move_login(tx, login, new["email"])
        accounts.tell_of_move(tx, user, new["email"], BY_STAFF)
    masked = accounts.masked_changes(user, new)
    moved = {name: masked.pop(name) for name in list(masked) if name == "email"}
    if moved:
        audit.write(tx, accounts.EMAIL_CHANGED, user.id, by=by, reason=reason, meta={"changed": moved})
    if masked:
        audit.write(tx, accounts.USER_UPDATE, user.id, by=by, reason=reason, meta={"changed": masked})
    return tx
