"""Fixtures of the local cloud's own tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.phonepe import Gateway, running


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A PhonePe simulator on a free port whose clock the test moves."""
    with running() as started:
        yield started
