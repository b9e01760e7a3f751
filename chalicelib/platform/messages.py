"""Messages to people: whoever causes one puts its item, in the transaction of its cause (NTF-51).

The stream is the outbox: from the inserted item the notifications domain renders and sends. No cause waits for a queue
or a provider, and one ``dedup`` never makes two messages. Codes and links travel in the sealed field alone (AUTH-46).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pynamodb.attributes import BinaryAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform import clock, context, sealing, settings
from chalicelib.platform.records import frozen
from chalicelib.platform.store.items import InstantAttribute, Item
from chalicelib.platform.store.keys import Key
from chalicelib.platform.store.table import absent
from chalicelib.platform.store.transaction import Transaction

MESSAGE_RETENTION_DAYS = settings.integer("MESSAGE_RETENTION_DAYS", default=180, minimum=1, maximum=3_650)


class Channel(StrEnum):
    """How a message travels."""

    EMAIL = "EMAIL"
    SMS = "SMS"
    WHATSAPP = "WHATSAPP"


class MessageClass(StrEnum):
    """What a message is worth (NTF-60): the first two are owed and ignore preferences."""

    SECURITY = "SECURITY"
    TRANSACTIONAL = "TRANSACTIONAL"
    SERVICE = "SERVICE"
    MARKETING = "MARKETING"


class Status(StrEnum):
    """Where a message is; the last three are told by the provider."""

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    SUPPRESSED = "SUPPRESSED"
    CANCELLED = "CANCELLED"
    DELIVERED = "DELIVERED"
    BOUNCED = "BOUNCED"
    COMPLAINED = "COMPLAINED"


@frozen
class Template:
    """What can be said: declared by the domain that causes it, worded by the notifications domain.

    ``required``, ``optional``: variables of the payload; ``sealed``: required ones that travel sealed (codes, links).
    ``elsewhere``: the declaration is another domain's, this one only speaks of it.
    """

    key: str
    message_class: MessageClass
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    elsewhere: bool = False

    def __post_init__(self) -> None:
        if not self.elsewhere and _declared.setdefault(self.key, self) != self:
            raise ValueError(f"template {self.key} is declared twice")


_declared: dict[str, Template] = {}


def declared() -> dict[str, Template]:
    """Every template that the modules imported so far can cause, by key."""
    return dict(_declared)


class Message(Item, discriminator="Message"):
    """One message to one recipient.

    ``id`` is opaque and carries its key. ``payload``: the variables used, never a code, token or password; ``sealed``:
    those, as sealed JSON, erased once sent or ``expires_at`` is past. ``lease_until``: until when a sender has it;
    ``next_try_at``: when a sender comes again after it failed.
    """

    id = UnicodeAttribute()
    channel = UnicodeAttribute()
    to = UnicodeAttribute()
    user_id = UnicodeAttribute(null=True)
    template_key = UnicodeAttribute()
    template_version = NumberAttribute(null=True)
    locale = UnicodeAttribute()
    message_class = UnicodeAttribute()
    subject = UnicodeAttribute(null=True)
    payload: MapAttribute[str, Any] = MapAttribute(default=dict)
    sealed = UnicodeAttribute(null=True)
    expires_at = InstantAttribute(null=True)
    rendered_html = BinaryAttribute(legacy_encoding=False, null=True)
    rendered_text = BinaryAttribute(legacy_encoding=False, null=True)
    status = UnicodeAttribute(default=Status.QUEUED)
    provider_message_id = UnicodeAttribute(null=True)
    error = UnicodeAttribute(null=True)
    attempts = NumberAttribute(default=0)
    scheduled_at = InstantAttribute(null=True)
    next_try_at = InstantAttribute(null=True)
    sent_at = InstantAttribute(null=True)
    lease_until = InstantAttribute(null=True)
    dedup_key = UnicodeAttribute()
    broadcast_id = UnicodeAttribute(null=True)
    resend_of = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute()
    created_at = InstantAttribute()

    @staticmethod
    def place(recipient: str, dedup: str) -> Key:
        """Where the message of one cause to an address is."""
        return Key(f"MSGTO#{recipient}", f"MSG#{dedup}")

    def index(self) -> None:
        """Set what the message log finds and shows, after ``status`` was set."""
        day, at = f"{self.created_at:%Y-%m-%d}", f"{clock.iso(self.created_at)}#{self.id}"
        self.gsi1pk, self.gsi1sk = f"MSGLOG#{day}", at
        self.gsi2pk, self.gsi2sk = f"MSGLOG#{self.status}#{day}", at
        self.row = {
            "id": self.id,
            "channel": str(self.channel),
            "to": self.to,
            "templateKey": self.template_key,
            "class": str(self.message_class),
            "status": str(self.status),
            "attempts": int(self.attempts),
            "error": self.error,
            "createdAt": clock.iso(self.created_at),
            "sentAt": clock.iso(self.sent_at) if self.sent_at else None,
            "dueAt": clock.iso(max(filter(None, (self.created_at, self.next_try_at, self.lease_until)))),
        }


class MessageDecoy(Item, discriminator="MessageDecoy"):
    """Stands where a message to an unknown address would, so that both cost the same write (AUTH-47)."""

    padding = UnicodeAttribute()


def recipient(channel: str, to: str) -> str:
    """The recipient as keys have it: a pseudonym of channel and address."""
    return sealing.pseudonym("recipient", f"{channel}:{to.strip().lower()}")


def message_id(key: Key) -> str:
    """The opaque id of the message at a key."""
    return base64.urlsafe_b64encode(f"{key.pk[6:]}{key.sk[4:]}".encode()).decode().rstrip("=")


def key_of(given_id: str) -> Key | None:
    """The key that an id carries; None for something that is no id."""
    try:
        text = base64.urlsafe_b64decode(given_id + "=" * (-len(given_id) % 4)).decode()
    except ValueError:
        return None
    digits, dedup = text[:32], text[32:]
    if len(digits) < 32 or not dedup or any(digit not in "0123456789abcdef" for digit in digits):
        return None
    return Key(f"MSGTO#{digits}", f"MSG#{dedup}")


def post(
    tx: Transaction,
    template: Template,
    to: str,
    *,
    dedup: str,
    user_id: str | None = None,
    locale: str = "en-IN",
    payload: Mapping[str, Any] | None = None,
    sealed: Mapping[str, str] | None = None,
    expires_at: datetime | None = None,
    channel: Channel = Channel.EMAIL,
) -> Message:
    """Add a message to the transaction of its cause; when the action ``message`` loses, it was caused before.

    ``to`` is normalized. ``dedup`` is the event's own key (``AUTH_OTP:<challenge>``). ``sealed`` holds the template's
    sealed variables; past ``expires_at`` the message is dropped. Raises ``ValueError`` for variables that the template
    does not declare, or lacks.
    """
    given, hidden = dict(payload or {}), dict(sealed or {})
    _check(template, set(given), set(hidden))
    key, now = Message.place(recipient(channel, to), dedup), clock.now()
    own_id = message_id(key)
    message = Message(
        *key,
        id=own_id,
        channel=channel,
        to=to,
        user_id=user_id,
        template_key=template.key,
        locale=locale,
        message_class=template.message_class,
        payload=given,
        sealed=sealing.seal(json.dumps(hidden), about=own_id) if hidden else None,
        expires_at=expires_at,
        dedup_key=dedup,
        correlation_id=context.current().request_id,
        created_at=now,
        ttl=int((now + timedelta(days=MESSAGE_RETENTION_DAYS())).timestamp()),
    )
    message.index()
    tx.put(message, when=absent(Message), name="message")
    return message


def post_decoy(tx: Transaction, template: Template, to: str, *, dedup: str, expires_at: datetime) -> None:
    """Add what costs as much as a message and is none: for addresses that nobody has (AUTH-47)."""
    key = Message.place(recipient(Channel.EMAIL, to), dedup)
    hidden = sealing.seal("0" * 64, about=template.key)
    decoy = MessageDecoy(*key, padding=hidden + "0" * 600, ttl=int(expires_at.timestamp()))
    tx.put(decoy, when=absent(MessageDecoy), name="message")


def unsealed(message: Message) -> dict[str, str]:
    """The sealed variables of a message; empty once they are erased. Raises ``ValueError`` for altered ones."""
    if not message.sealed:
        return {}
    found: dict[str, str] = json.loads(sealing.unseal(message.sealed, about=message.id))
    return found


def _check(template: Template, given: set[str], hidden: set[str]) -> None:
    if hidden != set(template.sealed):
        raise ValueError(f"{template.key} seals {sorted(template.sealed)}, not {sorted(hidden)}")
    missing, surplus = set(template.required) - given, given - {*template.required, *template.optional}
    if missing or surplus:
        raise ValueError(f"{template.key} lacks {sorted(missing)}, does not know {sorted(surplus)}")
