"""What the tests of security staff share."""

from __future__ import annotations

import pytest

from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.support.client import Client
from tests.support.people import People, Person


@pytest.fixture
def desk(cloud: Emulator, client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An editor's desk and a reader's chair."""
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", "http://127.0.0.1:5000")
    return Desk(cloud, client, people)


@pytest.fixture
def guard(people: People) -> Person:
    """Somebody of the security staff."""
    return people.admin("ADMIN_SECURITY")
