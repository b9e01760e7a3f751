"""A client of the sample endpoints."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from infra.local.emulator import Emulator
from infra.local.proxy import Routes
from tests.platform.http import samples as declared
from tests.support.client import Client


@pytest.fixture
def samples(cloud: Emulator) -> Client:
    """Calls the sample endpoints as ``client`` calls the backend's."""
    stand_in: Any = SimpleNamespace(routes=Routes(declared.routes()), stage=cloud.stage, lambdas=cloud.lambdas)
    return Client(cast(Emulator, stand_in))
