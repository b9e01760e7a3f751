"""What entries tell, read after everything was done once: never a secret, never somebody's address (AUD-22)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from chalicelib.platform import store
from chalicelib.platform.access.card import plain
from chalicelib.platform.audit import AuditEntry
from infra.local.emulator import Emulator
from tests.architecture.world import STUDENT, SUPER_ADMIN, World
from tests.architecture.world import world as academy
from tests.support.log_audit import found_in


@pytest.fixture(scope="module")
def world(emulator: Emulator) -> Iterator[World]:
    with academy(emulator) as made:
        yield made


@pytest.mark.rule("AUD-22", "AUD-24")
def test_nothing_told_of_any_change_is_secret_or_personal(world: World) -> None:
    """Every endpoint with a sound request, as a super-admin and as a student."""
    told: dict[str, str] = {}
    for place, endpoint in sorted(world.endpoints.items()):
        for who in (SUPER_ADMIN, STUDENT):
            with world.unchanged():
                world.call(endpoint, who)
                for raw in world.cloud.items():
                    if raw["kind"]["S"] == "AuditEntry":
                        entry = store.read(raw)
                        assert isinstance(entry, AuditEntry)
                        assert entry.action.startswith(f"{entry.resource_type}."), place
                        # An event is named by the digest of its body, which signs nothing (PAY-111).
                        about = "" if entry.resource_type == "webhook" else entry.resource_id
                        text = json.dumps([about, entry.reason, plain(entry.meta)], default=str)
                        told.setdefault(text, entry.action)
    found = {
        f"{action}: {', '.join(found_in(text))} in {text[:200]}" for text, action in told.items() if found_in(text)
    }
    assert found == set()
    assert len(set(told.values())) > 20
