"""What the console shows of a request: its AWS calls and their units (LOC-10, LOC-11)."""

from __future__ import annotations

import pytest

from infra.local.edge import Edge
from infra.local.emulator import Emulator
from infra.local.gateway import Gateway
from infra.local.journal import Journal
from infra.local.proxy import Incoming
from tests.support.people import People


@pytest.mark.rule("LOC-10")
def test_a_request_is_noted_with_its_calls(cloud: Emulator, people: People) -> None:
    journal = Journal()
    headers = [("Authorization", f"Bearer {people.student().token}")]
    cloud.calls.clear()
    answer = Gateway(cloud, journal, Edge()).answer(Incoming("GET", "/v1/subjects", "", headers))
    (noted,) = journal.requests()
    assert (noted["status"], noted["function"], noted["path"]) == (answer.status, "list_subjects", "/v1/subjects")
    made = [(call.service, call.operation) for call in cloud.calls]
    assert [(call["service"], call["operation"]) for call in noted["awsCalls"]] == made
    assert noted["awsCalls"]
    assert noted["units"] == sum(call["units"] for call in noted["awsCalls"]) > 0
    assert noted["awsCalls"][0]["startMs"] == 0
