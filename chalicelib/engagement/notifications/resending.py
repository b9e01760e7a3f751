"""Sending a message again, as a clone of it (NTF-18)."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.engagement.notifications.errors import MessageNotResendable
from chalicelib.engagement.notifications.items import Suppression
from chalicelib.engagement.notifications.permission import suppresses
from chalicelib.platform import audit, clock, context, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.messages import MESSAGE_RETENTION_DAYS, Message, MessageClass, Status, key_of, message_id

RESEND = audit.AuditAction("message.resend", "A message was sent again")

CLONES_A_DAY = 3
_ON_THE_WAY = frozenset({Status.QUEUED.value, Status.SENDING.value})


def resend(message: Message, caller: Caller, reason: str | None) -> Message:
    """The clone, queued. One read, then one write; one more for each clone that there is today.

    Raises ``MessageNotResendable`` for security mails, for what is on its way, for suppressed addresses, and for a
    fourth clone of one message on a day. A clone of a clone counts as one of the first message.
    """
    if message.message_class == MessageClass.SECURITY:
        raise MessageNotResendable({"reason": "SECURITY_CLASS"})
    if message.status in _ON_THE_WAY:
        raise MessageNotResendable({"reason": "ON_ITS_WAY"})
    if suppresses(store.get(Suppression, Suppression.place(message.pk)), message.message_class):
        raise MessageNotResendable({"reason": "ADDRESS_SUPPRESSED"})
    first_id = str(message.resend_of or message.id)
    for number in range(1, CLONES_A_DAY + 1):
        clone = _clone(message, first_id, number)
        tx = store.Transaction()
        tx.put(clone, when=store.absent(Message), name="message")
        audit.write(tx, RESEND, message.id, by=caller, meta={"clone": clone.id}, reason=reason)
        try:
            tx.commit()
        except store.TransactionLost:
            continue
        return clone
    raise MessageNotResendable({"reason": "RESENT_TOO_OFTEN"})


def _clone(message: Message, first_id: str, number: int) -> Message:
    """The message of that number today; its key is made of them, so that there is one of each."""
    now = clock.now()
    first = key_of(first_id)
    cause = first.sk.removeprefix("MSG#") if first else message.dedup_key
    dedup = f"R:{clock.academy_day(now):%Y-%m-%d}:{number}:{cause}"
    key = Message.place(message.pk.removeprefix("MSGTO#"), dedup)
    clone = Message(
        *key,
        id=message_id(key),
        channel=message.channel,
        to=message.to,
        user_id=message.user_id,
        template_key=message.template_key,
        locale=message.locale,
        message_class=message.message_class,
        payload=plain(message.payload),
        dedup_key=dedup,
        resend_of=first_id,
        correlation_id=context.current().request_id,
        created_at=now,
        ttl=int((now + timedelta(days=MESSAGE_RETENTION_DAYS())).timestamp()),
    )
    clone.index()
    return clone
