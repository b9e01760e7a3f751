"""Stored templates, what was sent to whom, and who is not written to. Only this module knows the keys.

Messages themselves are put by whoever causes them (``platform.messages``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.identity.accounts import user_key
from chalicelib.platform import clock
from chalicelib.platform.messages import Message, recipient
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

VERSIONS_KEPT = 20
REF_DAYS = 30
_TEMPLATES = "NTFTPLS"


class StoredTemplate(Item, discriminator="Template"):
    """A wording that staff saved. ``row`` has what the list of templates shows."""

    key = UnicodeAttribute()
    channel = UnicodeAttribute()
    locale = UnicodeAttribute()
    subject = UnicodeAttribute()
    html = UnicodeAttribute()
    text = UnicodeAttribute(null=True)
    required: ListAttribute[str] = ListAttribute(default=list)
    optional: ListAttribute[str] = ListAttribute(default=list)
    message_class = UnicodeAttribute()
    is_active = BooleanAttribute(default=True)
    updated_by_user_id = UnicodeAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(key: str, channel: str, locale: str) -> Key:
        """Where the wording of a key is."""
        return Key(f"NTFTPL#{key}", f"{channel}#{locale}")

    def index(self) -> None:
        """Set what the list of templates finds and shows."""
        self.gsi1pk, self.gsi1sk = _TEMPLATES, f"{self.key}#{self.channel}#{self.locale}"
        self.row = {
            "key": self.key,
            "channel": self.channel,
            "locale": self.locale,
            "isActive": bool(self.is_active),
            "version": int(self.version),
            "updatedByUserId": self.updated_by_user_id,
            "updatedAt": clock.iso(self.updated_at),
        }


class TemplateVersion(Item, discriminator="TemplateVersion"):
    """What was saved before, or is; ``number`` counts the savings of one wording."""

    number = NumberAttribute()
    subject = UnicodeAttribute()
    html = UnicodeAttribute()
    text = UnicodeAttribute(null=True)
    is_active = BooleanAttribute()
    saved_by_user_id = UnicodeAttribute()
    saved_at = InstantAttribute()

    @staticmethod
    def place(key: str, channel: str, locale: str, number: int) -> Key:
        """Where one is."""
        return Key(f"NTFTPL#{key}", f"{channel}#{locale}#V#{str(number).zfill(6)}")

    @classmethod
    def of(cls, template: StoredTemplate) -> TemplateVersion:
        """What a template says now."""
        number = int(template.version)
        return cls(
            *cls.place(template.key, template.channel, template.locale, number),
            number=number,
            subject=template.subject,
            html=template.html,
            text=template.text,
            is_active=bool(template.is_active),
            saved_by_user_id=template.updated_by_user_id,
            saved_at=template.updated_at,
        )


def stored_templates() -> Query[StoredTemplate]:
    """All stored wordings by key, channel and locale. One query, small rows."""
    return Query(StoredTemplate, _TEMPLATES, index="gsi1")


def with_versions(key: str, channel: str, locale: str) -> Query[Item]:
    """A stored wording and its versions, newest first (the wording itself last). One query."""
    place = StoredTemplate.place(key, channel, locale)
    return Query(Item, place.pk, begins_with=place.sk, descending=True, consistent=True)


class ProviderRef(Item, discriminator="ProviderRef"):
    """From the provider's id back to the message; goes after 30 days."""

    message_id = UnicodeAttribute()

    @staticmethod
    def place(provider_message_id: str) -> Key:
        """Where it is."""
        return Key(f"MSGREF#{provider_message_id}", "REF")

    @classmethod
    def of(cls, provider_message_id: str, message_id: str) -> ProviderRef:
        """The reference of a message that was handed over now."""
        ttl = clock.epoch() + REF_DAYS * 86_400
        return cls(*cls.place(provider_message_id), message_id=message_id, ttl=ttl)


class RecipientOf(Item, discriminator="RecipientOf"):
    """That somebody was written to at an address: leads from a person to their messages (NTF-80)."""

    @staticmethod
    def place(user_id: str, messages_pk: str) -> Key:
        """Where it is, in the person's own partition."""
        return Key(f"USER#{user_id}", messages_pk)

    @classmethod
    def of(cls, message: Message, user_id: str) -> RecipientOf:
        """It lives as long as the youngest message."""
        return cls(*cls.place(user_id, message.pk), ttl=message.ttl)


def recipients_of(user_id: str) -> Query[RecipientOf]:
    """The addresses that somebody was written to at. One query."""
    return Query(RecipientOf, f"USER#{user_id}", begins_with="MSGTO#", consistent=True)


class CodeMails(Item, discriminator="CodeMails"):
    """Which codes and links went to an address in the last hour: message's dedup key → epoch seconds (NTF-70)."""

    sent: MapAttribute[str, Any] = MapAttribute(default=dict)

    @staticmethod
    def place(messages_pk: str) -> Key:
        """Where it is, beside the messages to the address."""
        return Key(messages_pk, "CODES")


class Suppression(Item, discriminator="Suppression"):
    """An address that is not written to: ``reason`` HARD_BOUNCE, COMPLAINT or MANUAL, ``scope`` ALL or MARKETING."""

    reason = UnicodeAttribute()
    scope = UnicodeAttribute()
    source = UnicodeAttribute(null=True)
    created_at = InstantAttribute()

    @staticmethod
    def place(messages_pk: str) -> Key:
        """Where the suppression of the address is that these messages go to."""
        return Key(f"SUPPRESS#{messages_pk.removeprefix('MSGTO#')}", "META")


class Preference(Item, discriminator="Preference"):
    """What somebody wants to get; no item: the defaults."""

    email_enabled = BooleanAttribute(default=True)
    marketing_email_enabled = BooleanAttribute(default=False)
    sms_enabled = BooleanAttribute(default=True)
    locale = UnicodeAttribute(null=True)
    updated_at = InstantAttribute()
    marketing_consent_at = InstantAttribute(null=True)
    marketing_consent_source = UnicodeAttribute(null=True)

    @staticmethod
    def place(user_id: str) -> Key:
        """Where somebody's are."""
        return Key(f"USER#{user_id}", "NTFPREF")


def messages_at(messages_pk: str) -> Query[Item]:
    """Every message in the partition of an address, without what only looks like one. One query of whole items."""
    return Query(Item, messages_pk, begins_with="MSG#", consistent=True, keep=lambda item: isinstance(item, Message))


def messages_to(channel: str, to: str) -> Query[Item]:
    """Every message to an address."""
    return messages_at(Message.place(recipient(channel, to), "").pk)


def logged(
    day: str, first: datetime, last: datetime, status: str | None = None, *, where: Condition | None = None
) -> Query[Message]:
    """The log of one UTC day, newest first, between two instants; of one status or all. One query of rows."""
    between = (clock.iso(first), clock.iso(last))
    pk, index = (f"MSGLOG#{day}", "gsi1") if status is None else (f"MSGLOG#{status}#{day}", "gsi2")
    return Query(Message, pk, index=index, between=between, descending=True, where=where)


def utc_days(first: datetime, last: datetime) -> list[str]:
    """The days of the log that a period touches, newest first."""
    day, found = last.date(), []
    while day >= first.date():
        found.append(f"{day:%Y-%m-%d}")
        day -= timedelta(days=1)
    return found


_MESSAGE = Message.place("<recipient>", "<cause>")
_DAY = datetime(2026, 1, 31, tzinfo=UTC)
PATTERNS = (
    AccessPattern(
        "a message for its sender, beside what may forbid it",
        (_MESSAGE, Suppression.place(_MESSAGE.pk), CodeMails.place(_MESSAGE.pk)),
        units=3,
    ),
    AccessPattern(
        "what the person of a message wants, beside whether they can be reached",
        (Preference.place("<user>"), user_key("<user>")),
        units=2,
    ),
    AccessPattern(
        "the wordings that may count for a message",
        (StoredTemplate.place("<key>", "EMAIL", "hi"), StoredTemplate.place("<key>", "EMAIL", "en")),
        units=2,
    ),
    AccessPattern("all stored wordings", stored_templates(), units=0.5, consistent=False),
    AccessPattern("a wording and what it was before", with_versions("<key>", "EMAIL", "en"), units=1),
    AccessPattern("the message of a provider's id", ProviderRef.place("<id>"), units=1),
    AccessPattern("every message to an address", messages_at(_MESSAGE.pk), units=1),
    AccessPattern("the addresses that somebody was written to at", recipients_of("<user>"), units=1),
    AccessPattern("what was sent on a day", logged("<day>", _DAY, _DAY), units=0.5, consistent=False),
    AccessPattern("what failed on a day, or waits", logged("<day>", _DAY, _DAY, "FAILED"), units=0.5, consistent=False),
)
