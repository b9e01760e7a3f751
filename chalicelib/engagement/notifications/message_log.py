"""What was sent to whom, and why something was not, for staff (NTF-16, NTF-17)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from chalicelib.engagement.notifications.errors import MessageNotFound
from chalicelib.engagement.notifications.items import logged, messages_to, utc_days
from chalicelib.engagement.notifications.log_schemas import MessageDetail, MessageRow, MessagesQuery
from chalicelib.identity.accounts import normalize_email
from chalicelib.platform import clock, store
from chalicelib.platform.access import decisions
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.resources import ACADEMY, Resource
from chalicelib.platform.http import Page, periods
from chalicelib.platform.http.periods import Period
from chalicelib.platform.masking import mask_email, mask_phone
from chalicelib.platform.messages import Channel, Message, MessageClass, key_of
from chalicelib.platform.store import Key

LIST = "messages"
USUAL, MOST = timedelta(days=7), timedelta(days=31)


def _key(path: Mapping[str, str], _: str) -> Key:
    return key_of(path["messageId"]) or Message.place("", "")


MESSAGE = Resource(
    param="message",
    item=Message,
    key=_key,
    entity=lambda _: ACADEMY,
    missing=MessageNotFound,
)
"""Any message, by its opaque id."""


def listed(asked: MessagesQuery, caller: Caller) -> Page[MessageRow]:
    """A page of the log, newest first: of one address by one query, else day by day of the status or of all."""
    place = periods.opened(LIST, caller.user_id, asked, usual=USUAL, most=MOST)
    shown = _shown(caller)
    if asked.recipient is not None:
        rows, following = _of_address(asked, place.period, place.start)
    else:
        rows, following = _of_days(asked, place.period, place.start)
    return Page(
        items=[MessageRow.model_validate(shown(row)) for row in rows],
        next_cursor=periods.sealed(LIST, caller.user_id, asked, place.period, following),
    )


def _wanted(asked: MessagesQuery) -> dict[str, Any]:
    wanted = {"status": asked.status, "channel": asked.channel, "templateKey": asked.template_key}
    return {name: value for name, value in wanted.items() if value is not None}


Found = tuple[list[dict[str, Any]], dict[str, str] | None]


def _of_address(asked: MessagesQuery, period: Period, start: dict[str, str] | None) -> Found:
    """The messages of an address stand by their causes, not by time: all of them are read, and put in order."""
    to = _normal(str(asked.recipient))
    channel = asked.channel or (Channel.EMAIL if "@" in to else Channel.SMS)
    wanted, rows = _wanted(asked), []
    for message in store.every(messages_to(channel, to)):
        row = plain(message.row)
        at = clock.parse_iso(row["createdAt"])
        if period.first <= at < period.last and all(row[name] == value for name, value in wanted.items()):
            rows.append(row)
    rows.sort(key=_place, reverse=True)
    if start is not None:
        rows = [row for row in rows if _place(row) < start["before"]]
    page = rows[: asked.limit]
    return page, {"before": _place(page[-1])} if len(rows) > len(page) else None


def _place(row: Mapping[str, Any]) -> str:
    return f"{row['createdAt']}#{row['id']}"


def _normal(address: str) -> str:
    """As messages are addressed: lower case, an international domain in punycode; what is no mail address as it is."""
    try:
        return normalize_email(address)
    except ValueError:
        return address.strip().lower()


def _of_days(asked: MessagesQuery, period: Period, start: dict[str, str] | None) -> Found:
    where: Any = None
    for name, value in _wanted(asked).items():
        if name != "status":
            here = Message.row[name] == str(value)
            where = here if where is None else where & here
    found = periods.walk(
        lambda day: logged(day, period.first, period.last, asked.status, where=where),
        utc_days(period.first, period.last),
        limit=asked.limit,
        start=start,
    )
    return [plain(message.row) for message in found.items], found.next_key


def _shown(caller: Caller) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """A row for this caller: the address in full only for those who may read users."""
    full = decisions.decide(caller, Actions.USERS_READ).allowed
    names = ("id", "channel", "templateKey", "class", "status", "attempts", "error", "createdAt", "sentAt")

    def shown(row: Mapping[str, Any]) -> dict[str, Any]:
        return {**{name: row.get(name) for name in names}, "to": row["to"] if full else masked(row["to"])}

    return shown


def masked(to: str) -> str:
    """An address or a number as it is shown to those who may not read users."""
    return mask_email(to) if "@" in to else mask_phone(to)


def detail(message: Message, caller: Caller) -> MessageDetail:
    """A message with its payload; its text unless it is a security mail's."""
    readable = message.message_class != MessageClass.SECURITY
    return MessageDetail.model_validate(
        {
            **_shown(caller)(plain(message.row)),
            "user_id": message.user_id,
            "locale": message.locale,
            "template_version": message.template_version,
            "subject": message.subject if readable else None,
            "payload": plain(message.payload),
            "rendered_html": _text(message.rendered_html) if readable else None,
            "rendered_text": _text(message.rendered_text) if readable else None,
            "provider_message_id": message.provider_message_id,
            "scheduled_at": message.scheduled_at,
            "next_try_at": message.next_try_at,
            "expires_at": message.expires_at,
            "resend_of": message.resend_of,
            "correlation_id": message.correlation_id,
        }
    )


def _text(packed: bytes | None) -> str | None:
    return zlib.decompress(packed).decode() if packed else None
