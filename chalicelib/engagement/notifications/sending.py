"""Sending one message: leased, rendered, handed to its provider, noted (NTF-40).

At least once, and hardly ever twice: whoever sends holds the message's lease, and only a crash between the provider's
yes and our note of it lets another send it again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from chalicelib.engagement.notifications import ending, pacing
from chalicelib.engagement.notifications.catalogue import KINDS, Composed
from chalicelib.engagement.notifications.configuration import MAIL_REPLY_TO, MESSAGE_MAX_ATTEMPTS
from chalicelib.engagement.notifications.errors import Unusable, VariableMissing
from chalicelib.engagement.notifications.events import MessageToSend, queue_of
from chalicelib.engagement.notifications.guard import Guard
from chalicelib.engagement.notifications.items import CodeMails, RecipientOf, Suppression
from chalicelib.engagement.notifications.permission import stopped_by, wishes_of
from chalicelib.engagement.notifications.providers import Mail, ProviderTrouble, Refused, Sms, WhatsApp
from chalicelib.engagement.notifications.providers.choosing import mail_provider, sms_provider, whatsapp_provider
from chalicelib.engagement.notifications.wordings import composed
from chalicelib.platform import clock, context, messages, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.events import queues
from chalicelib.platform.messages import Channel, Message, Status
from chalicelib.platform.work import Later

LEASE_SECONDS = 120
DISTANCES = (30, 120, 480, 1_920)
"""Seconds to the next try, after the first, second, … one failed."""

BROKEN = "WORDING_BROKEN"
MISSING = "TEMPLATE_VARIABLE_MISSING"
EXPIRED = "EXPIRED"
TOO_MANY_CODES = "TOO_MANY_CODES"


def send(asked: MessageToSend) -> None:
    """Send a message if it still waits and may go.

    Raises ``Later`` when it failed and shall be tried again, or, after the last try, to be kept among the dead letters.
    """
    key = messages.key_of(asked.message_id)
    if key is None:
        return
    found, suppression, codes = store.get_many([key, Suppression.place(key.pk), CodeMails.place(key.pk)])
    if not isinstance(found, Message) or found.status not in (Status.QUEUED, Status.SENDING):
        return
    context.current().fields["correlationId"] = found.correlation_id
    now = clock.now()
    if found.status == Status.SENDING and found.lease_until is not None and found.lease_until > now:
        _again_after(found, found.lease_until - now)
        return
    if found.expires_at is not None and found.expires_at <= now:
        ending.end(found, Status.CANCELLED, EXPIRED)
        return
    wishes = wishes_of(found)
    why = stopped_by(found, suppression, wishes)
    if why:
        ending.end(found, Status.SUPPRESSED, why)
        return
    guard = Guard.of(found, codes)
    if guard.refuses:
        ending.end_with_alarm(found, Status.CANCELLED, TOO_MANY_CODES)
        return
    if not pacing.has_turn(found):
        _again_after(found, timedelta(seconds=1))
    elif _lease(found, guard, now):
        _deliver(found, wishes.locale or found.locale)


def _again_after(message: Message, wait: timedelta) -> None:
    """Another sender has it, or had it and died: look again when its lease has run out."""
    seconds = int(wait.total_seconds()) + 1
    queues.send(queue_of(message.message_class), MessageToSend(message_id=message.id), delay=seconds)


def _lease(message: Message, guard: Guard, now: datetime) -> bool:
    """Take the message for two minutes; False when another sender was faster."""
    seen = int(message.version)
    message.status, message.lease_until = Status.SENDING, now + timedelta(seconds=LEASE_SECONDS)
    tx = store.Transaction()
    changes = ending.actions(message, "lease_until")
    tx.update(Message, message.itself, changes, when=Message.version == seen, name="message")
    if message.user_id:
        # Whenever it is put it says the same; it lives as long as the youngest message.
        tx.put(RecipientOf.of(message, message.user_id))
    guard.count(tx)
    try:
        tx.commit()
    except store.TransactionLost as lost:
        if lost.failed("message"):
            return False
        # Another code to this address was counted in between: count again.
        raise Later(1) from lost
    message.version = seen + 1
    return True


def _deliver(message: Message, locale: str) -> None:
    try:
        mail, version = _composed(message, locale)
        provider_id = _hand_over(message, mail)
    except VariableMissing as missing:
        ending.end(message, Status.FAILED, f"{MISSING}: {', '.join(missing.names)}")
    except Unusable as broken:
        ending.end(message, Status.FAILED, f"{BROKEN}: {broken.issue}")
    except Refused as refused:
        ending.end(message, Status.FAILED, refused.detail, tried=True)
    except ProviderTrouble as trouble:
        _failed(message, trouble)
    else:
        ending.sent(message, mail, version, provider_id)


def _composed(message: Message, locale: str) -> tuple[Composed, int | None]:
    kind = KINDS.get(message.template_key)
    if kind is None:
        raise Unusable("UNKNOWN_TEMPLATE", "nothing is worded like this")
    given: dict[str, Any] = {**plain(message.payload), **messages.unsealed(message)}
    mail, wording = composed(kind, locale, given)
    return mail, wording.version


def _hand_over(message: Message, mail: Composed) -> str:
    if message.channel == Channel.SMS:
        return sms_provider().send_sms(Sms(message.to, mail.text))
    if message.channel == Channel.WHATSAPP:
        variables = {name: str(value) for name, value in plain(message.payload).items()}
        return whatsapp_provider().send_whatsapp(WhatsApp(message.to, message.template_key, variables))
    return mail_provider().send_email(
        Mail(
            message.to,
            mail.subject,
            mail.html,
            mail.text,
            headers={"X-Correlation-Id": message.correlation_id},
            reply_to=MAIL_REPLY_TO(),
            tags={"template": message.template_key, "class": message.message_class},
        )
    )


def _failed(message: Message, trouble: ProviderTrouble) -> None:
    """Note the failure and come again later; after the last try the message has failed for good."""
    attempts = int(message.attempts) + 1
    if attempts >= MESSAGE_MAX_ATTEMPTS():
        ending.end(message, Status.FAILED, trouble.detail, tried=True)
        # Tried as often as its queue hands it out: this puts it among the dead letters.
        raise Later(0) from trouble
    seconds = DISTANCES[attempts - 1]
    ending.postponed(message, trouble.detail, attempts, clock.now() + timedelta(seconds=seconds))
    raise Later(seconds) from trouble
