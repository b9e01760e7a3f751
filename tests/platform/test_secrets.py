"""Secrets: read once per container, again after a rotation, and 503 when their store does not answer."""

from __future__ import annotations

import pytest

from chalicelib.platform import secrets
from chalicelib.platform.errors import Unavailable
from chalicelib.platform.http.cursors import CURSOR_KEY
from infra.local.emulator import Emulator


def test_a_secret_is_read_once(cloud: Emulator) -> None:
    secrets.forget()
    with cloud.calls.during() as calls:
        assert CURSOR_KEY() == CURSOR_KEY() == cloud.secret("CURSOR_KEY")
    assert [(call.service, call.operation) for call in calls] == [("ssm", "GetParameter")]


def test_after_a_rotation_whoever_asks_again_reads_the_new_one(cloud: Emulator) -> None:
    secrets.forget()
    old = CURSOR_KEY()
    cloud.put_secret("CURSOR_KEY", "another-key-of-32-characters-000")
    assert CURSOR_KEY() == old
    assert CURSOR_KEY.fetch() == CURSOR_KEY() == "another-key-of-32-characters-000"
    assert CURSOR_KEY.age() < 5
    cloud.put_secret("CURSOR_KEY", old)
    secrets.forget()


def test_a_store_that_does_not_answer_is_unavailable(cloud: Emulator) -> None:
    secrets.forget()
    cloud.fault("ssm", "GetParameter", "AccessDeniedException", times=5)
    with pytest.raises(Unavailable):
        CURSOR_KEY()
    cloud.faults.clear()
    assert CURSOR_KEY() == cloud.secret("CURSOR_KEY")


def test_every_secret_says_where_it_is_used() -> None:
    found = secrets.declared()
    assert {"CURSOR_KEY", "JWT_PUBLIC_KEYS"} <= set(found)
    assert all(one.module.startswith("chalicelib") for one in found.values())
    assert secrets.parameter_name("X").startswith("/pathshala/")
