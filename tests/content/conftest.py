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
    # Rewriting takes a third of a second a file; the tests of packing, and of reading with PDF.js, switch it on.
    monkeypatch.setenv("PACK_FROM_BYTES", "1073741824")
    return Desk(cloud, client, people)
