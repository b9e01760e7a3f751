"""What the tests of notifications share: an outbox to put messages into, and the mailbox they end in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.platform import messages, store
from chalicelib.platform.messages import Channel, Message, MessageClass, Status, Template
from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox

OTP = messages.declared().get("AUTH_OTP") or Template(
    "AUTH_OTP", MessageClass.SECURITY, ("ttlMinutes", "purpose"), ("userName",), ("code",)
)
PASSWORD_CHANGED = messages.declared().get("AUTH_PASSWORD_CHANGED") or Template(
    "AUTH_PASSWORD_CHANGED", MessageClass.SECURITY, ("at", "device"), ("userName",)
)
CODE = "483920"
TO = "asha@example.in"


@pytest.fixture
def mailbox(cloud: Emulator) -> Iterator[Mailbox]:
    """What SES was given."""
    box = Mailbox()
    cloud.on_send = box.take
    yield box
    cloud.on_send = None
