"""Putting messages as their causes do, and looking at what became of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from chalicelib.platform import clock, messages, store
from chalicelib.platform.messages import Channel, Message, MessageClass, Template
from infra.local.emulator import Emulator

TO = "asha@example.in"
CODE = "483920"
OTP = Template("AUTH_OTP", MessageClass.SECURITY, ("ttlMinutes", "purpose"), ("userName",), ("code",), elsewhere=True)
CHANGED = Template("AUTH_PASSWORD_CHANGED", MessageClass.SECURITY, ("at", "device"), ("userName",), elsewhere=True)


def of_class(message_class: MessageClass) -> Template:
    """A template whose messages are of another class than its wording was made for: classes differ in little else."""
    return Template("AUTH_PASSWORD_CHANGED", message_class, ("at", "device"), ("userName",), elsewhere=True)


def put_code(dedup: str = "AUTH_OTP:1", to: str = TO, minutes: float = 10, **more: Any) -> Message:
    """Put a message with a code."""
    tx = store.Transaction()
    message = messages.post(
        tx,
        OTP,
        to,
        dedup=dedup,
        payload={"ttlMinutes": 10, "purpose": "LOGIN", **more.pop("payload", {})},
        sealed={"code": CODE},
        expires_at=clock.now() + timedelta(minutes=minutes),
        **more,
    )
    tx.commit()
    return message


def put_notice(dedup: str = "CHANGED:1", to: str = TO, template: Template = CHANGED, **more: Any) -> Message:
    """Put a message without a code, which nothing makes old."""
    tx = store.Transaction()
    payload = {"at": clock.iso(clock.now()), "device": "Chrome on Android", **more.pop("payload", {})}
    message = messages.post(tx, template, to, dedup=dedup, payload=payload, **more)
    tx.commit()
    return message


def put_receipt(dedup: str = "RECEIPT:1", to: str = TO, **more: Any) -> Message:
    """Put a message that staff may look at and send again."""
    return put_notice(dedup, to, of_class(MessageClass.TRANSACTIONAL), **more)


def now(message: Message) -> Message:
    """The message as it is now."""
    found = store.get(Message, message.itself)
    assert found is not None
    return found


def everywhere(cloud: Emulator) -> str:
    """Everything in the table and in all queues, as text."""
    queues = ("messages-urgent", "messages-bulk", "messages-urgent-dlq", "messages-bulk-dlq")
    return str(cloud.items()) + str([cloud.messages(queue) for queue in queues])


__all__ = [
    "CHANGED",
    "CODE",
    "OTP",
    "TO",
    "Channel",
    "everywhere",
    "now",
    "of_class",
    "put_code",
    "put_notice",
    "put_receipt",
]
