"""Tickets: what an image tag shows instead of signing in."""

from __future__ import annotations

import io
import logging

import pytest

from chalicelib.content import files
from chalicelib.platform import clock, logs, store
from chalicelib.platform.access import tickets
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.epoch import AccessEpoch
from infra.local.emulator import Emulator
from tests.content.assets import shelf
from tests.support.client import Client, Response
from tests.support.people import People, Person


def ticket(asset_id: str, person: Person) -> str:
    """As content hands it out that is shown to somebody."""
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return files.ticket_for(asset_id, Caller(card, person.session_id))


def fetch(client: Client, asset_id: str, given: str, person: Person | None = None) -> Response:
    return client.get(f"/v1/assets/{asset_id}", query={"ticket": given}, token=person.token if person else None)


@pytest.mark.rule("FILE-47", "FILE-49")
def test_a_ticket_opens_its_image_for_ten_minutes_and_nothing_else(
    client: Client, people: People, cloud: Emulator
) -> None:
    student, other = people.student(), people.student()
    image, another = (shelf.put(purpose="EXPLANATION_IMAGE") for _ in range(2))
    given = ticket(image, student)
    answer = fetch(client, image, given)
    assert (answer.status, answer.body) == (200, shelf.PICTURE)
    assert answer.headers["cache-control"] == "private, max-age=60"
    assert client.get(f"/v1/assets/{image}", token=student.token).status == 404
    assert fetch(client, image, given, other).status == 200
    assert fetch(client, another, given).code == "TOKEN_MISSING"
    assert fetch(client, another, given, student).code == "ASSET_NOT_FOUND"
    cloud.advance(540)
    assert fetch(client, image, given).status == 200
    cloud.advance(60)
    assert fetch(client, image, given).code == "TOKEN_MISSING"


@pytest.mark.rule("FILE-49")
def test_an_altered_ticket_is_none(client: Client, people: People) -> None:
    student, other = people.student(), people.student()
    image = shelf.put()
    good = ticket(image, student)
    user_id, version, expires, signature = good.split(".")
    for altered in (
        ".".join((other.id, version, expires, signature)),
        ".".join((user_id, "2", expires, signature)),
        ".".join((user_id, version, str(int(expires) + 9), signature)),
        ".".join((user_id, version, expires, signature[::-1])),
        good[:-1],
        good + "A",
        "x",
        "٣" * 30,
    ):
        assert fetch(client, image, altered).code == "TOKEN_MISSING"
    assert client.get(f"/v1/assets/{image}", query={"ticket": [good, good]}).status == 422
    assert client.get(f"/v1/assets/{image}", query={"ticket": "x" * 121}).status == 422
    assert fetch(client, image, good).status == 200


@pytest.mark.rule("FILE-49")
def test_a_ticket_dies_with_the_tokens_of_its_time(client: Client, people: People) -> None:
    student, blocked = people.student(), people.student()
    image = shelf.put()
    given, theirs = ticket(image, student), ticket(image, blocked)
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.token_version.add(1)])
    store.update(AccessCard, AccessCard.place(blocked.id), [AccessCard.status.set("BLOCKED")])
    assert fetch(client, image, given).code == "SESSION_REVOKED"
    assert fetch(client, image, theirs).code == "ACCOUNT_BLOCKED"
    assert fetch(client, image, ticket(image, student)).status == 200


@pytest.mark.rule("ACC-15", "FILE-49")
def test_a_ticket_dies_when_everybodys_tokens_do(client: Client, people: People, cloud: Emulator) -> None:
    student, image = people.student(), shelf.put()
    given = ticket(image, student)
    store.put(AccessEpoch(*AccessEpoch.place(), valid_from={"STUDENT": clock.epoch() + 20}))
    cloud.advance(60)
    assert fetch(client, image, given).code == "SESSION_REVOKED"
    assert fetch(client, image, ticket(image, student)).status == 200


@pytest.mark.rule("FILE-49")
def test_a_ticket_serves_staff_who_need_a_second_factor(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    staff, image = people.admin("ADMIN_TEST"), shelf.put()
    given = ticket(image, staff)
    monkeypatch.setenv("MFA_ADMIN", "required")
    assert fetch(client, image, given).status == 200
    assert client.get(f"/v1/assets/{image}", token=staff.token).code == "MFA_REQUIRED"


@pytest.mark.rule("FILE-49")
def test_a_ticket_does_not_open_what_is_not_delivered_here(client: Client, people: People) -> None:
    student = people.student()
    for asset_id in (shelf.put(purpose="NOTES_PDF"), shelf.put(status="DELETED"), shelf.put(scan_status="INFECTED")):
        assert fetch(client, asset_id, ticket(asset_id, student)).code == "ASSET_NOT_FOUND"


@pytest.mark.rule("FILE-49")
def test_a_ticket_is_none_for_another_endpoint(client: Client, people: People) -> None:
    student = people.student()
    given = tickets.issue(student.id, student.id, 1)
    assert client.get("/v1/auth/me", query={"ticket": given}).status == 401


@pytest.mark.rule("FILE-49", "FILE-50")
def test_tickets_count_towards_their_persons_limit(
    client: Client, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_ASSETS", "3/86400")
    student, other = people.student(), people.student()
    images = [shelf.put() for _ in range(4)]
    answers = [fetch(client, image, ticket(image, student)) for image in images]
    assert [answer.status for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert fetch(client, images[0], ticket(images[0], other)).status == 200
    monkeypatch.setenv("EDGE_LIMITS", "function")
    assert client.get(f"/v1/assets/{images[0]}", token=student.token).status == 429


@pytest.mark.rule("FILE-49")
def test_a_ticket_is_in_no_log(client: Client, people: People) -> None:
    said, logger = io.StringIO(), logging.getLogger(logs.logger.name)
    handler = logging.StreamHandler(said)
    handler.setFormatter(logger.handlers[0].formatter)
    image = shelf.put()
    given = ticket(image, people.student())
    logger.addHandler(handler)
    try:
        assert fetch(client, image, given).status == 200
    finally:
        logger.removeHandler(handler)
    assert "get_asset" in said.getvalue()
    assert not [part for part in given.split(".")[2:] if part in said.getvalue()]
