"""Fixtures of all tests: the emulated cloud, a client of the API, people.

    def test_something(cloud: Emulator, client: Client, people: People) -> None:
        student = people.student()
        assert client.get("/v1/notes", token=student.token).status == 200
        cloud.drain()

``cloud`` is empty for each test: no items, objects, messages, executions, faults. The clock stands just behind a full
hour, so that no window of a limit ends in the midst of a test; who compares with the real time needs an hour of leeway.
``cloud.calls`` has every AWS call since then, ``cloud.fault(...)`` breaks the next ones, ``cloud.advance(seconds)``
moves the backend's clock, ``cloud.items(pk)`` and ``cloud.messages(queue)`` look into it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import hypothesis
import pytest

os.environ.setdefault("LOG_LEVEL", "WARNING")
# Two programs for each upload: only the tests that are about thumbnails have them made.
os.environ.setdefault("THUMBNAIL_PIXELS", "0")
# As the stage «test» has it: the sums of taxes need no cloud, and only who is registered takes any.
os.environ.setdefault("SUPPLIER_GSTIN", "29AAGCP1234A1ZV")

from chalicelib.platform import context
from infra.local.emulator import Emulator  # the log level is read at import
from tests.support.client import Client
from tests.support.grants_proof import pytest_sessionfinish, pytest_testnodedown, watch
from tests.support.log_audit import pytest_configure
from tests.support.people import People

# The same examples in every run, and no limit of time for one: a slow machine is no fault of the code.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("nightly", deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))

__all__ = ["pytest_configure", "pytest_sessionfinish", "pytest_testnodedown"]

WAIT_SCALE = 0.005
"""Workflows wait a two-hundredth of their seconds."""


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """The one emulated cloud of the session; tests use ``cloud``."""
    started = Emulator("test", wait_scale=WAIT_SCALE, retry_seconds=0)
    started.start()
    watch(started)
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def no_run() -> Iterator[None]:
    """What a test calls by itself belongs to no function's run, whatever the test before it called."""
    yield
    context.leave()


@pytest.fixture
def cloud(emulator: Emulator) -> Emulator:
    """An empty cloud."""
    emulator.reset(ahead=3_600.01 - time.time() % 3_600)
    return emulator


@pytest.fixture
def client(cloud: Emulator) -> Client:
    """Calls endpoints, and refuses answers that their declarations do not list."""
    return Client(cloud)


@pytest.fixture
def people(cloud: Emulator) -> People:
    """Makes people with live sessions."""
    return People(cloud)
