"""Everybody out (ACC-15, AUTH-77): for the day on which a key has leaked."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib.identity import roles as held
from chalicelib.identity.access.schemas import RevokedEveryone, RevokeEveryoneRequest
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access import epoch, proof
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.access.epoch import AccessEpoch
from chalicelib.platform.errors import Conflict
from chalicelib.platform.store import Transaction, TransactionLost

TRIES = 4


def revoke(body: RevokeEveryoneRequest, by: Caller) -> RevokedEveryone:
    """Make every token and session from before now void, of one user type or all; the caller's own too.

    Access tokens die within 30 s, refresh tokens at once. Tokens count whole seconds, so what is issued within the
    current one dies with the rest. Raises ``ReauthRequired``, ``Conflict``.
    """
    proof.require_recent(by)
    kinds: list[str] = [body.user_type] if body.user_type else [kind.value for kind in UserType]
    for _ in range(TRIES):
        there = store.get(AccessEpoch, AccessEpoch.place())
        since = clock.epoch() + 1
        before = plain(there.valid_from) if there else {}
        valid_from = {**before, **dict.fromkeys(kinds, since)}
        version = int(there.version) if there else 0
        following = AccessEpoch(*AccessEpoch.place(), valid_from=valid_from, version=version + 1)
        tx = Transaction()
        when = AccessEpoch.version == version if there else store.absent(AccessEpoch)
        tx.put(following, when=when, name="epoch")
        held.admitted(tx, by)
        meta = {"userTypes": kinds, "validFrom": since}
        audit.write(tx, held.EVERYONE_REVOKED, body.user_type or "EVERYONE", by=by, meta=meta, reason=body.reason)
        try:
            tx.commit()
        except TransactionLost as lost:
            held.raise_if_not_admitted(lost)
            continue
        epoch.keep(following)
        return RevokedEveryone(user_types=kinds, valid_from=datetime.fromtimestamp(since, UTC))
    raise Conflict
