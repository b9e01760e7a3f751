"""What somebody wants to get, and since when they agree to news (NTF-01, NTF-02)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.engagement.notifications.items import Preference
from chalicelib.identity.accounts import OWN_USER, User, is_minor, user_key
from chalicelib.platform import clock, store
from chalicelib.platform.errors import Conflict, invalid
from chalicelib.platform.http import Request
from chalicelib.platform.store import ConditionFailed, Transaction, TransactionLost

REGISTRATION, PREFERENCES = "REGISTRATION", "PREFERENCES"
"""Where somebody agreed to news."""
TRIES = 4

OWN_PREFERENCES = OWN_USER._replace(beside=(lambda _, caller_id: Preference.place(caller_id),))
"""The caller's profile; what they want to get is read in the same round trip."""


def beside(request: Request) -> Preference:
    """What was read beside the profile; the defaults where nothing was ever set (its ``version`` is 0)."""
    found = request.beside[0]
    return found if isinstance(found, Preference) else Preference(version=0)


def change(user: User, preference: Preference, wanted: Mapping[str, Any]) -> Preference:
    """Change what is ``wanted``; the preferences as they are then. What is so already is not written.

    Turning news on keeps when and where that was agreed to; the time of an earlier consent stays when it is turned off.
    422 for news to somebody under age, whose guardian was not asked. Raises ``Conflict``. One round trip.
    """
    if wanted.get("marketing_email_enabled") and is_minor(user.date_of_birth):
        raise invalid("body.marketingEmailEnabled", "UNDER_AGE", "is not for people under 18")
    for _ in range(TRIES):
        new = {name: value for name, value in wanted.items() if getattr(preference, name) != value}
        if not new:
            return preference
        new["updated_at"] = clock.now()
        if new.get("marketing_email_enabled"):
            new.update(marketing_consent_at=new["updated_at"], marketing_consent_source=PREFERENCES)
        tx = Transaction()
        after = _add(tx, str(user.id), preference, new)
        if "marketing_email_enabled" in new:
            shown = [User.marketing_email.set(new["marketing_email_enabled"])]
            tx.update(User, user.itself, shown, when=store.present(User), name="user")
        try:
            tx.commit()
        except TransactionLost as lost:
            there = lost.item("preference")
            preference = there if isinstance(there, Preference) else Preference(version=0)
            continue
        return after
    raise Conflict


def _add(tx: Transaction, user_id: str, preference: Preference, new: Mapping[str, Any]) -> Preference:
    """Add the write to a transaction, and answer the preferences as it leaves them."""
    place = Preference.place(user_id)
    if int(preference.version) == 0:
        made = Preference(*place, **new)
        tx.put(made, when=store.absent(Preference), name="preference")
        return made
    actions: list[Action] = [Preference.version.add(1)]
    for name, value in new.items():
        attribute = getattr(Preference, name)
        actions.append(attribute.remove() if value is None else attribute.set(value))
    tx.update(Preference, place, actions, when=Preference.version == preference.version, name="preference")
    return store.became(preference, new)


def keep_consent(user_id: str, registered_at: datetime) -> bool:
    """Keep that somebody agreed to news when they registered; whether it was this call that did.

    Not when they have said anything themselves since. Two round trips.
    """
    user = store.get(User, user_key(user_id))
    if user is None or not user.marketing_email:
        return False
    consent = Preference(
        *Preference.place(user_id),
        marketing_email_enabled=True,
        marketing_consent_at=registered_at,
        marketing_consent_source=REGISTRATION,
        updated_at=registered_at,
    )
    try:
        store.put(consent, when=store.absent(Preference))
    except ConditionFailed:
        return False
    return True
