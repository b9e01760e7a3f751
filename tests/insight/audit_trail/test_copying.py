"""The history of one thing: copied from the stream, once, whatever comes twice (AUD-10); the list of actions."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from chalicelib.insight.audit_trail import AuditByResource, actions, copying
from chalicelib.platform import registry, store
from chalicelib.platform.audit import AuditEntry
from infra.local.emulator import Emulator
from infra.package import stages
from infra.resources.alarms import alarms
from infra.resources.queues import dead_letter_names
from tests.architecture.source import ROOT
from tests.insight.audit_trail.entries import UPDATE, note
from tests.support.people import People


def facts(item: AuditEntry) -> dict[str, Any]:
    keys = {"pk", "sk", "kind", "gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk"}
    return {name: value for name, value in item.serialize().items() if name not in keys}


@pytest.mark.rule("AUD-10")
def test_every_entry_is_copied_whole(cloud: Emulator, people: People) -> None:
    own_id = note(people.admin("ADMIN_CONTENT"), UPDATE, "S1", changed={"name": ["A", "B"]})
    cloud.drain()
    entry = store.get(AuditEntry, AuditEntry.of_id(own_id))
    copy = store.get(AuditByResource, AuditByResource.under("subject", "S1", own_id))
    assert entry is not None
    assert copy is not None
    assert facts(copy) == facts(entry)


@pytest.mark.rule("AUD-10", "AUD-23")
def test_repeats_change_nothing_and_copies_tell_nothing(cloud: Emulator, people: People) -> None:
    own_id = note(people.admin("ADMIN_CONTENT"), UPDATE, "S1")
    cloud.drain()
    before = cloud.items()
    copying.keep(own_id)
    copying.keep("01JH8Z6V3N4Q5R6S7T8V9WXYZ0")
    cloud.drain()
    assert cloud.items() == before


@pytest.mark.rule("AUD-10")
def test_what_cannot_be_copied_now_is_copied_later(cloud: Emulator, people: People) -> None:
    own_id = note(people.admin("ADMIN_CONTENT"), UPDATE, "S1")
    cloud.fault("dynamodb", "PutItem", "InternalServerError", times=4)
    cloud.drain()
    assert store.get(AuditByResource, AuditByResource.under("subject", "S1", own_id)) is not None


@pytest.mark.rule("AUD-10")
def test_what_is_never_copied_rings_an_alarm() -> None:
    stage = stages.load("prod")
    registry.load_all()
    logical = next(name for name, queue in dead_letter_names().items() if queue.startswith("keep-history"))
    assert f"{logical}Alarm" in alarms(stage, [])


@pytest.mark.rule("AUD-03", "AUD-24")
def test_the_list_of_actions_is_what_code_declares() -> None:
    """In a process of its own: tests declare actions too."""
    ran = subprocess.run(
        [sys.executable, "-c", "from infra.package import audit_actions as a; print(a.text(), end='')"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert ran.stdout == actions.FILE.read_text("utf-8"), "run make docs"


@pytest.mark.rule("AUD-24")
def test_actions_are_named_type_and_verb_and_described() -> None:
    for name, text in actions.known().items():
        kind, _, verb = name.partition(".")
        assert kind.isidentifier(), name
        assert verb, name
        assert text, name
