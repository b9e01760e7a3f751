"""What the tests of content share."""

from __future__ import annotations

import pytest

from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.support.client import Client
from tests.support.people import People


@pytest.fixture
def desk(cloud: Emulator, client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The desk of a content editor; uploads go to the local cloud's bucket as a browser's do."""
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", "http://127.0.0.1:5000")
    return Desk(cloud, client, people)
