"""Audit entries as changes leave them, made directly: who, what, about what, when."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from chalicelib.content.taxonomy.subjects import CREATE, UPDATE
from chalicelib.identity.accounts.profile import USER_UPDATE
from chalicelib.platform import audit, clock, context, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.audit import Actor, AuditAction
from tests.support.people import Person

__all__ = ["ADDRESS", "CREATE", "DAY", "UPDATE", "USER_UPDATE", "ago", "by", "note"]

DAY = 86_400
ADDRESS = "198.51.100.23"


@contextmanager
def ago(seconds: float) -> Iterator[None]:
    """What happens inside happened then."""
    clock.advance(-seconds)
    try:
        yield
    finally:
        clock.advance(seconds)


def by(person: Person) -> Caller:
    """Somebody as the one who does it."""
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return Caller(card, person.session_id)


def note(
    who: Person | Actor, action: AuditAction = CREATE, about: str = "one", *, seconds: float = 0, **meta: Any
) -> str:
    """Write one entry of so many seconds ago, from ``ADDRESS``; its id."""
    with ago(seconds):
        run = context.enter("sample", None, None)
        run.source_ip, run.user_agent = ADDRESS, "sample-browser/1.0"
        tx = store.Transaction()
        caller = by(who) if isinstance(who, Person) else who
        audit.write(tx, action, about, by=caller, meta=meta, reason=None)
        tx.commit()
        return str(tx._names[0]).partition(":")[2]
