"""How a message ends, or waits for its next try. Every write holds only while the message is as it was last seen.

Whatever the end, codes and links are erased with it (NTF-52).
"""

from __future__ import annotations

import zlib
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.engagement.notifications.catalogue import Composed
from chalicelib.engagement.notifications.items import ProviderRef
from chalicelib.platform import clock, store
from chalicelib.platform.logs import alarm, count_metric, event
from chalicelib.platform.messages import Message, MessageClass, Status

MAX_ERROR = 500


def actions(message: Message, *names: str) -> list[Action]:
    """What writes the status and the attributes of these names as they are now, and what the log shows of them.

    Goes with the condition of the message's version; ``message`` then has the next one.
    """
    message.index()
    found: list[Action] = [Message.version.add(1)]
    for name in ("status", *names, "gsi2pk", "row"):
        attribute, value = getattr(Message, name), getattr(message, name)
        found.append(attribute.remove() if value is None else attribute.set(value))
    return found


def sent(message: Message, mail: Composed, version: int | None, provider_id: str) -> None:
    """Note that the provider took it. Lost when another sender took over meanwhile: then that one notes its own."""
    message.status, message.sent_at, message.lease_until = Status.SENT, clock.now(), None
    message.provider_message_id, message.sealed, message.error = provider_id, None, None
    message.attempts, message.template_version = int(message.attempts) + 1, version
    if message.message_class != MessageClass.SECURITY:
        message.subject = mail.subject
        message.rendered_html = zlib.compress(mail.html.encode())
        message.rendered_text = zlib.compress(mail.text.encode())
    names = "sent_at lease_until provider_message_id sealed error attempts template_version next_try_at subject"
    tx = store.Transaction()
    changes = actions(message, *names.split(), "rendered_html", "rendered_text")
    tx.update(Message, message.itself, changes, when=Message.version == int(message.version), name="message")
    tx.put(ProviderRef.of(provider_id, message.id), when=store.absent(ProviderRef), name="reference")
    try:
        tx.commit()
    except store.TransactionLost:
        event("message was noted by another sender", template=message.template_key)
        return
    count_metric("MessagesSent")
    event("message sent", template=message.template_key, attempts=int(message.attempts))


def end(message: Message, status: Status, error: str, *, tried: bool = False) -> None:
    """End without being sent, for good; ``tried``: the provider was asked."""
    message.status, message.error, message.lease_until, message.sealed = status, error[:MAX_ERROR], None, None
    message.attempts = int(message.attempts) + int(tried)
    changes = actions(message, "error", "lease_until", "sealed", "attempts", "next_try_at")
    try:
        store.update(Message, message.itself, changes, when=Message.version == int(message.version))
    except store.ConditionFailed:
        return
    count_metric({Status.FAILED: "MessagesFailed"}.get(status, "MessagesStopped"))
    event("message not sent", template=message.template_key, status=str(status), why=error.partition(":")[0])


def end_with_alarm(message: Message, status: Status, error: str) -> None:
    """The same for what people must look at."""
    end(message, status, error)
    alarm("message refused", template=message.template_key, why=error)


def postponed(message: Message, error: str, attempts: int, again_at: datetime) -> None:
    """Back to the waiting ones, with what went wrong, until the next try."""
    message.status, message.error, message.lease_until = Status.QUEUED, error[:MAX_ERROR], None
    message.attempts, message.next_try_at = attempts, again_at
    changes = actions(message, "error", "lease_until", "attempts", "next_try_at")
    try:
        store.update(Message, message.itself, changes, when=Message.version == int(message.version))
    except store.ConditionFailed:
        event("message was taken by another sender", template=message.template_key)
