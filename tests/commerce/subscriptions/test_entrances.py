"""Every declared entrance to premium content asks (ENT-16): generated from the declarations."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.platform import registry
from chalicelib.platform.http.endpoint import Endpoint
from infra.local.emulator import Emulator
from tests.commerce.selling import buy, make_note, make_plan
from tests.support.client import Client
from tests.support.people import People

PARAMETER = re.compile(r"\{(\w+)\}")
REASONS = {"NO_ENTITLEMENT", "ENTITLEMENT_EXPIRED", "ENTITLEMENT_OUT_OF_SCOPE"}
COUNTERS = ("RATE#", "AUDIT")
BODIES: dict[str, Any] = {
    "/v1/notes/{noteId}/progress": {"lastPageRead": 1},
    "/v1/notes/{noteId}/remarks/{page}": {"text": "Why?"},
    "/v1/notes/{noteId}/view-events": {"events": [{"type": "TAB_HIDDEN", "at": "2026-01-31T10:00:00Z"}]},
}


def entrances() -> list[tuple[str, str]]:
    """Method and path of every endpoint whose action an entitlement opens."""
    found = [one for one in registry.load_all().values() if isinstance(one, Endpoint) and one.action is not None]
    return sorted((method, one.path) for one in found if one.action.entitlement for method in one.methods)


def filled(path: str, things: dict[str, str]) -> str:
    """The path of a premium thing; a parameter that this test does not know makes it fail, and so be extended."""
    return PARAMETER.sub(lambda match: things[match[1]], path)


def state(cloud: Emulator) -> list[dict[str, Any]]:
    return [item for item in cloud.items() if not item["pk"]["S"].startswith(COUNTERS)]


@pytest.mark.rule("ENT-16")
def test_there_are_entrances() -> None:
    assert ("POST", "/v1/notes/{noteId}/view-session") in entrances()
    assert ("GET", "/v1/notes/{noteId}/content") in entrances()


@pytest.mark.rule("ENT-16", "ENT-17")
@pytest.mark.parametrize(("method", "path"), entrances())
def test_no_entrance_opens_without_an_entitlement(
    cloud: Emulator, client: Client, people: People, method: str, path: str
) -> None:
    content, finance, student = people.admin("ADMIN_CONTENT"), people.admin("ADMIN_FINANCE"), people.student()
    body = {"key": "polity", "name": "Polity"}
    subject = client.post("/v1/admin/subjects", json=body, token=content.token, expect=201).json["id"]
    place, body = filled(path, {"noteId": make_note(subject), "n": "1", "page": "1"}), BODIES.get(path)
    make_plan(client, finance, "tests", grants=[{"kind": "TESTS"}])
    buy(student, "tests")
    before = state(cloud)
    refused = client.call(method, place, json=body, token=student.token)
    assert refused.status == 403
    if method != "HEAD":
        assert (refused.code, refused.json["details"]["reason"]) == ("FORBIDDEN", "NO_ENTITLEMENT")
    assert state(cloud) == before
    make_plan(client, finance, "notes", grants=[{"kind": "NOTES"}])
    buy(student, "notes")
    opened = client.call(method, place, json=body, token=student.token)
    details = opened.json.get("details") if method != "HEAD" and opened.body else None
    assert not (isinstance(details, dict) and details.get("reason") in REASONS)
