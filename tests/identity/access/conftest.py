"""What the tests of access share."""

from __future__ import annotations

import pytest

from infra.local.emulator import Emulator
from tests.identity.access.staff import Office
from tests.support.client import Client
from tests.support.people import People


@pytest.fixture
def office(cloud: Emulator, client: Client, people: People) -> Office:
    """An academy with its roles and a super-admin."""
    return Office(cloud, client, people)
