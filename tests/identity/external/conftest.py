"""What the tests of the external provider share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.identity.external.provider import Provider


@pytest.fixture
def provider(monkeypatch: pytest.MonkeyPatch) -> Iterator[Provider]:
    """A provider whose tokens the backend accepts beside its own; who is new becomes a student."""
    with Provider() as started:
        for name, value in started.settings().items():
            monkeypatch.setenv(name, value)
        yield started
