"""What somebody was sent: told to them, and erased with their account (NTF-80)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from chalicelib.engagement.notifications.items import Preference, ProviderRef, RecipientOf, messages_at, recipients_of
from chalicelib.platform import store
from chalicelib.platform.access.card import plain
from chalicelib.platform.messages import Message
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Item, Key
from chalicelib.platform.store.transaction import MAX_ACTIONS


@frozen
class SentMessage:
    """One message as its recipient may know it: ``payload`` has the values that were put in, never a code or a link."""

    template: str
    channel: str
    to: str
    status: str
    subject: str | None
    payload: dict[str, Any]
    created_at: datetime
    sent_at: datetime | None


def sent_to(user_id: str) -> list[SentMessage]:
    """Everything that was sent to a person at whichever address, oldest first. One query, and one an address."""
    found = sorted(_of(user_id, ()), key=lambda message: message.created_at)
    return [
        SentMessage(
            template=message.template_key,
            channel=message.channel,
            to=message.to,
            status=message.status,
            subject=message.subject,
            payload=plain(message.payload),
            created_at=message.created_at,
            sent_at=message.sent_at,
        )
        for message in found
    ]


def _of(user_id: str, recipients: Iterable[str]) -> Iterator[Message]:
    """A person's messages; others have had the same address before or since, theirs are left out."""
    places = {str(one.sk) for one in store.every(recipients_of(user_id))}
    places.update(Message.place(one, "").pk for one in recipients)
    for place in sorted(places):
        for message in store.every(messages_at(place)):
            if isinstance(message, Message) and message.user_id == user_id:
                yield message


def erase(user_id: str, recipients: Iterable[str]) -> int:
    """Remove every message of a person, what leads to them, and what they wanted to get; answers how many there were.

    ``recipients``: pseudonyms of addresses that the person is known to have had. Doing it again finds nothing.
    """
    messages = list(_of(user_id, recipients))
    doomed: list[tuple[type[Item], Key]] = []
    for message in messages:
        doomed.append((Message, message.itself))
        if message.provider_message_id:
            doomed.append((ProviderRef, ProviderRef.place(message.provider_message_id)))
    doomed.append((Preference, Preference.place(user_id)))
    doomed += [(RecipientOf, one.itself) for one in store.every(recipients_of(user_id))]
    for first in range(0, len(doomed), MAX_ACTIONS):
        tx = store.Transaction()
        for kind, key in doomed[first : first + MAX_ACTIONS]:
            tx.delete(kind, key)
        tx.commit()
    return len(messages)
