"""Blocks at the same moment as everything else (USR-31), in real threads."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from threading import Event, Thread

import pytest

from chalicelib.identity.roles import Role
from chalicelib.platform import store
from chalicelib.platform.store import Item
from infra.local.emulator import Emulator
from tests.identity.people.conftest import card_of, user_of
from tests.identity.people.test_blocking import active_holders, set_status, with_counters
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once

ROUNDS = 50
HAMMERING = 6


@pytest.mark.rule("USR-31", "AUTH-55", "USR-30")
def test_a_block_against_traffic(client: Client, people: People) -> None:
    support, student = people.admin("ADMIN_SUPPORT"), people.student()
    begun, stop = Event(), Event()
    seen: list[tuple[float, int]] = []

    def hammer() -> None:
        while not stop.is_set():
            at = time.monotonic()
            seen.append((at, client.get("/v1/auth/me", token=student.token).status))
            if len(seen) > 5 * HAMMERING:
                begun.set()

    threads = [Thread(target=hammer) for _ in range(HAMMERING)]
    for thread in threads:
        thread.start()
    assert begun.wait(30)
    set_status(client, support, student.id, "BLOCKED", expect=200)
    blocked, count = time.monotonic(), len(seen)
    while len(seen) < count + 5 * HAMMERING:
        begun.wait(0.01)
    stop.set()
    for thread in threads:
        thread.join(30)
    assert 200 in {status for at, status in seen if at < blocked}
    assert {status for at, status in seen if at >= blocked} == {403}


@pytest.mark.rule("USR-30", "USR-31", "ACC-58")
@pytest.mark.parametrize("active", [2, 3])
def test_two_super_admins_block_each_other(cloud: Emulator, client: Client, people: People, active: int) -> None:
    both = [people.super_admin(), people.super_admin()]
    with_counters(cloud, "ADMIN_SUPER", active=active)
    places = [item.itself for one in both for item in (card_of(one.id), user_of(one.id))]
    places.append(Role.place("ADMIN_SUPER"))
    as_they_were: list[Item] = [item for item in store.get_many(places) if item is not None]
    blocks = [partial(set_status, client, one, other.id, "BLOCKED") for one, other in (both, both[::-1])]
    for _ in range(ROUNDS // 2):
        answers = at_once(blocks)
        _at_most_one(answers, both, active)
        for item in as_they_were:
            store.put(item)


def _at_most_one(answers: list[Response], both: list[Person], active: int) -> None:
    succeeded = [answer for answer in answers if answer.status == 200]
    assert len(succeeded) <= 1
    allowed = {"ACCOUNT_BLOCKED", "LAST_SUPER_ADMIN", "CONFLICT"}
    assert {answer.code for answer in answers if answer.status != 200} <= allowed
    shut = [one for one in both if card_of(one.id).status == "BLOCKED"]
    assert len(shut) == len(succeeded)
    assert [user_of(one.id).status for one in shut] == ["BLOCKED"] * len(shut)
    assert active_holders("ADMIN_SUPER") == active - len(succeeded)


@pytest.mark.rule("USR-31", "AUTH-55")
def test_no_token_of_a_sign_in_or_refresh_during_a_block_works_after_it(client: Client, people: People) -> None:
    support = people.admin("ADMIN_SUPPORT")
    for _ in range(8):
        student = people.student()
        works: list[Callable[[], Response]] = [
            *_ways_in(client, student),
            partial(set_status, client, support, student.id, "BLOCKED"),
        ]
        answers = at_once(works)
        assert answers[-1].status == 200
        for answer in answers[:-1]:
            assert answer.status in {200, 401, 403, 409}, answer.json
            if answer.status != 200:
                continue
            for path in ("/v1/auth/me", "/v1/users/me"):
                assert client.get(path, token=answer.json["accessToken"], expect=403).code == "ACCOUNT_BLOCKED"
            again = {"refreshToken": answer.json["refreshToken"]}
            assert client.post("/v1/auth/refresh", json=again, expect=403).code == "ACCOUNT_BLOCKED"


def _ways_in(client: Client, student: Person) -> list[Callable[[], Response]]:
    given = {"email": student.email, "password": student.password}
    return [
        lambda: client.post("/v1/auth/login", json=given),
        lambda: client.post("/v1/auth/login", json=given),
        lambda: client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}),
    ]
