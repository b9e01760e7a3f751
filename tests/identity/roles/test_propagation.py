"""Edits of roles with many holders (ACC-20), and what changes of roles tell others (ACC-21)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from chalicelib.identity.roles import RoleChange, carry_on
from chalicelib.identity.roles.events import RolesChanged
from chalicelib.identity.roles.propagation import RUNS_WITHOUT_PROGRESS
from chalicelib.platform import context, store
from chalicelib.platform.events.changes import events_of
from infra.local.emulator import Emulator
from tests.identity.access.staff import Office, card_of, role_of, seed_holders
from tests.support.client import Client
from tests.support.people import People
from tests.support.races import just_before


@pytest.fixture
def office(cloud: Emulator, client: Client, people: People) -> Office:
    return Office(cloud, client, people)


def _change(office: Office, key: str = "ADMIN_TEST") -> RoleChange:
    found = store.get(RoleChange, RoleChange.place(str(role_of(key).change_id)))
    assert found is not None
    return found


def _permissions(ids: Iterable[str]) -> list[frozenset[str]]:
    return sorted({frozenset(str(name) for name in card_of(user_id).permissions) for user_id in ids}, key=sorted)


def _due(*keys: str) -> frozenset[str]:
    return frozenset(str(name) for key in keys for name in role_of(key).permissions)


@contextmanager
def _worker() -> Iterator[None]:
    """Be the worker, one run at a time."""
    context.enter("carry_role_change", "test", None)
    try:
        yield
    finally:
        context.leave()


@pytest.mark.rule("ACC-05", "ACC-20")
def test_an_edit_of_five_hundred_is_carried_although_the_worker_is_killed(office: Office) -> None:
    plain, mixed = seed_holders("ADMIN_TEST", 420), seed_holders("ADMIN_TEST", 80, also="ADMIN_SUPPORT")
    office.cloud.pumps.reset()
    answer = office.edit("ADMIN_TEST", add=["docs.read"], remove=["tests.publish", "attempts.read"])
    assert answer.status == 200
    assert answer.json["propagation"] == {"state": "RUNNING", "remaining": 500}
    # Killed in the midst of both passes: once before a write, once with its answer lost.
    office.cloud.fault("dynamodb", "TransactWriteItems", "ReadTimeout", skip=3, times=8, function="carry_role_change")
    office.cloud.fault(
        "dynamodb",
        "TransactWriteItems",
        "InternalServerError",
        skip=9,
        times=8,
        after=True,
        function="carry_role_change",
    )
    runs = [one for one in office.cloud.drain().deliveries if one.function == "carry_role_change"]
    assert any(one.failed for one in runs)
    assert _change(office).state == "DONE"
    shown = office.client.get("/v1/admin/access/roles/ADMIN_TEST", token=office.boss.token, expect=200).json
    assert shown["propagation"] == {"state": "DONE", "remaining": 0}
    assert "attempts.read" not in _due("ADMIN_TEST")
    assert _permissions(plain) == [_due("ADMIN_TEST")]
    # Who has it by another role keeps it.
    assert _permissions(mixed) == [_due("ADMIN_TEST", "ADMIN_SUPPORT")]
    assert "attempts.read" in _due("ADMIN_SUPPORT")
    assert not office.cloud.messages("role-changes-dlq")


@pytest.mark.rule("ACC-20")
def test_what_is_taken_away_goes_first(office: Office) -> None:
    ids = seed_holders("ADMIN_TEST", 170)
    before = _due("ADMIN_TEST")
    office.edit("ADMIN_TEST", add=["docs.read"], remove=["tests.publish"])
    change = _change(office)
    assert (change.removing, int(change.remaining)) == (True, 170)
    # Whoever is given the role in between has the new permissions at once.
    person = office.staff("ADMIN_SUPPORT")
    assert office.assign(office.boss, person.id, "ADMIN_TEST").status == 200
    assert _permissions([person.id]) == [_due("ADMIN_TEST")]
    with _worker():
        assert carry_on(change.id) == "RUNNING"
    # Five steps: three of the first pass, two of the second.
    taken, given = before - {"tests.publish"}, before - {"tests.publish"} | {"docs.read"}
    assert _permissions(ids) == sorted([taken, given], key=sorted)
    assert int(_change(office).remaining) < 170
    with _worker():
        assert carry_on(change.id) == "DONE"
        assert carry_on(change.id) == "DONE"
        assert carry_on("0" * 26) is None
    assert _permissions(ids) == [_due("ADMIN_TEST")]


@pytest.mark.rule("ACC-20", "ACC-60")
@pytest.mark.parametrize("edits", [1, 2])
def test_cards_that_change_meanwhile_end_up_right(office: Office, edits: int) -> None:
    ids = seed_holders("ADMIN_TEST", 90)
    moved = ids[3]
    office.edit("ADMIN_TEST", add=["docs.read"])
    first = _change(office).id

    def interrupt() -> None:
        if edits == 2:
            # An edit that takes it back again: the cards say what they must already, and are written all the same.
            assert office.edit("ADMIN_TEST", remove=["docs.read"]).status == 200
            with _worker():
                carry_on(_change(office).id)
        else:
            assert office.assign(office.boss, moved, "ADMIN_SUPPORT").status == 200

    with _worker(), just_before("TransactWriteItems", interrupt):
        carry_on(first)
    office.cloud.drain()
    due = _due("ADMIN_TEST")
    assert ("docs.read" in due) == (edits == 1)
    if edits == 1:
        assert _permissions([moved]) == [_due("ADMIN_SUPPORT")]
        ids.remove(moved)
    assert _permissions(ids) == [due]


@pytest.mark.rule("ACC-20")
def test_a_change_that_gets_nowhere_has_failed(office: Office) -> None:
    seed_holders("ADMIN_TEST", 81)
    office.edit("ADMIN_TEST", add=["docs.read"])
    change = _change(office)
    change.tries = RUNS_WITHOUT_PROGRESS
    store.put(change)
    with _worker():
        assert carry_on(change.id) == "FAILED"
    shown = office.client.get("/v1/admin/access/roles", token=office.boss.token, expect=200).json["items"]
    [one] = [role for role in shown if role["key"] == "ADMIN_TEST"]
    assert one["propagation"] == {"state": "FAILED", "remaining": 81}


@pytest.mark.rule("ACC-05")
def test_names_and_descriptions_touch_no_card(office: Office) -> None:
    seed_holders("ADMIN_TEST", 81)
    with office.cloud.calls.during() as calls:
        answer = office.edit("ADMIN_TEST", description="Two\nlines")
    assert answer.json["propagation"] == {"state": "DONE", "remaining": 0}
    assert answer.json["role"]["description"] == "Two\nlines"
    assert "Query" not in [call.operation for call in calls]


def _told(office: Office, before: list[dict[str, Any]]) -> list[RolesChanged]:
    old = {(one["pk"]["S"], one["sk"]["S"]): one for one in before}
    new = {(one["pk"]["S"], one["sk"]["S"]): one for one in office.cloud.items()}
    told: list[Any] = []
    for place in sorted({*old, *new}):
        if old.get(place) != new.get(place):
            images = {"OldImage": old.get(place), "NewImage": new.get(place)}
            told += events_of(
                {"dynamodb": {"SequenceNumber": "1", **{name: one for name, one in images.items() if one}}}
            )
    return [one for one in told if isinstance(one, RolesChanged)]


@pytest.mark.rule("ACC-21")
def test_what_changes_of_roles_tell_others(office: Office) -> None:
    person, same = office.staff("ADMIN_TEST"), office.staff("ADMIN_TEST")
    desk = {"key": "EXAM_DESK", "name": "Desk", "userType": "ADMIN", "permissions": ["tests.read"]}
    steps: list[tuple[Callable[[], Any], list[tuple[str | None, str | None, list[str]]]]] = [
        (lambda: office.assign(office.boss, person.id, "ADMIN_SUPPORT"), [(None, person.id, ["ADMIN_SUPPORT"])]),
        (lambda: office.edit("ADMIN_TEST", add=["docs.read"]), [("ADMIN_TEST", None, [])]),
        (lambda: office.edit("ADMIN_TEST", name="Testers"), []),
        (
            lambda: office.client.post("/v1/admin/access/roles", json=desk, token=office.boss.token),
            [("EXAM_DESK", None, [])],
        ),
        (
            lambda: office.client.delete("/v1/admin/access/roles/EXAM_DESK", token=office.boss.token),
            [("EXAM_DESK", None, [])],
        ),
        (lambda: office.client.get("/v1/auth/me", token=same.token), []),
    ]
    keys = []
    for step, expected in steps:
        before = office.cloud.items()
        assert step().status < 300
        told = _told(office, before)
        assert [(one.role_key, one.user_id, one.role_keys) for one in told] == expected
        keys += [one.key for one in told]
    assert len(keys) == len(set(keys)) == 4
