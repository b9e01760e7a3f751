"""What tests of the platform share."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.platform import clock
from infra.local.emulator import Emulator


@pytest.fixture
def window(cloud: Emulator) -> Any:
    """``window(seconds)`` moves the clock to the beginning of a window of that length, so that none ends midway."""

    def to_start(seconds: int) -> None:
        cloud.advance(seconds - clock.now().timestamp() % seconds + 0.01)

    return to_start
