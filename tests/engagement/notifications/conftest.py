"""What the tests of notifications share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox


@pytest.fixture
def mailbox(cloud: Emulator) -> Iterator[Mailbox]:
    """What SES was given, newest first."""
    box = Mailbox()
    cloud.on_send = box.take
    yield box
    cloud.on_send = None
