"""Every endpoint × everybody who could call it, against ``access_matrix.txt`` (ACC-72, QUAL-30).

The rows are generated from the declarations; the file says who is let in, and is what a reviewer reads. Let in is who
gets neither 401 nor 403. A new endpoint without a row fails, and so does a row without an endpoint. What a change that
is meant makes of the table, the failure shows line by line.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import ACADEMY_PERMISSIONS, DEFAULT_ROLES, UserType
from chalicelib.platform.aws.bucket import BUCKET_NAME
from chalicelib.platform.http.endpoint import Endpoint
from infra.local.emulator import Emulator
from tests.architecture.access_matrix import expected, line, outcome
from tests.architecture.world import ANONYMOUS, CALLERS, OPERATOR, OTHER, SIGNED_IN, STAFF, STUDENT, World
from tests.architecture.world import world as academy


@pytest.fixture(scope="module")
def world(emulator: Emulator) -> Iterator[World]:
    """One academy for the module; each call finds it as it was."""
    with academy(emulator) as made:
        yield made


def _matrix(world: World) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for place, endpoint in sorted(world.endpoints.items()):
        found[place] = {}
        for caller in CALLERS:
            with world.unchanged():
                found[place][caller] = outcome(world.call(endpoint, caller))
    return found


@pytest.mark.rule("QUAL-30")
@pytest.mark.rule("ACC-72")
def test_everybody_is_let_in_where_the_matrix_says_and_nowhere_else(world: World) -> None:
    found = {place: line(place, row) for place, row in _matrix(world).items()}
    wanted = expected()
    differing = [
        found.get(place, f"no endpoint: {place}")
        for place in sorted({*found, *wanted})
        if found.get(place) != wanted.get(place)
    ]
    assert not differing, "lines that access_matrix.txt does not have:\n" + "\n".join(differing)


@pytest.mark.rule("ACC-57")
def test_the_matrix_of_staff_follows_from_roles_and_declarations(world: World) -> None:
    """Reviewed a second way: whoever has none of the action's permissions is not let in, whatever the file says."""
    roles = {role.key: {str(name) for name in role.permissions} for role in DEFAULT_ROLES}
    for place, row in expected().items():
        action = world.endpoints[place].guard()
        if action is None or not action.for_staff:
            continue
        let_in = row.partition(": ")[2].split()
        holders = {key for key in STAFF if roles[key] & {str(name) for name in action.permissions}}
        assert {name.partition("(")[0] for name in let_in} <= holders, place


@pytest.mark.rule("ACC-32")
@pytest.mark.rule("ACC-57")
@pytest.mark.parametrize("user_type", [UserType.STUDENT, UserType.OPERATOR])
def test_permissions_forged_onto_a_card_open_no_admin_endpoint(world: World, user_type: str) -> None:
    """Every permission there is, written straight into a student's and an operator's card."""
    everything = {str(name) for name in ACADEMY_PERMISSIONS}
    person = world.persons[STUDENT if user_type == UserType.STUDENT else OPERATOR]
    with world.unchanged():
        store.update(AccessCard, AccessCard.place(person.id), [AccessCard.permissions.set(everything)])
        name = STUDENT if user_type == UserType.STUDENT else OPERATOR
        for place, endpoint in world.endpoints.items():
            action = endpoint.guard()
            if action is not None and action.for_staff:
                assert world.call(endpoint, name) == 403, place


@pytest.mark.rule("ACC-60")
def test_without_a_card_the_answer_is_unavailable_and_never_access(world: World) -> None:
    person = world.persons[STUDENT]
    for place, endpoint in world.endpoints.items():
        if endpoint.guard() is None:
            continue
        with world.unchanged():
            store.delete(AccessCard, AccessCard.place(person.id))
            assert world.call(endpoint, STUDENT) == 503, place


@pytest.mark.rule("ACC-60")
def test_a_card_that_cannot_be_read_is_unavailable_and_never_access(world: World) -> None:
    for place, endpoint in world.endpoints.items():
        if endpoint.guard() is None:
            continue
        for operation in ("GetItem", "BatchGetItem"):
            world.cloud.fault("dynamodb", operation, "InternalServerError", times=20)
        try:
            assert world.call(endpoint, STUDENT) == 503, place
        finally:
            world.cloud.faults.clear()


@pytest.mark.rule("ACC-50")
def test_an_action_is_decided_for_every_kind_of_caller(world: World) -> None:
    """No endpoint that names an action lets in somebody who is not signed in."""
    for place, row in expected().items():
        endpoint: Endpoint = world.endpoints[place]
        if endpoint.guard() is not None:
            let_in = {name.partition("(")[0] for name in row.partition(": ")[2].split()}
            assert let_in <= SIGNED_IN | {"signed-in"}, place


_NAMES_OF_PLACES = (b"fileAssetId", b"objectKey", b"versionId", b"amazonaws", b"X-Amz")


def _told(world: World, endpoint: Endpoint, caller: str) -> bytes:
    """Everything that somebody who is no staff is told there: as asked, and with whatever query names something."""
    names = {str(one.alias) for one in endpoint.query_model.model_fields.values()} if endpoint.query_model else set()
    known = {name: value for name, value in {**world.named, "include": "progress"}.items() if name in names}
    told = b""
    for query in ({}, known) if known else ({},):
        with world.unchanged():
            answer = world.answer(endpoint, caller, query)
        told += answer.body + str(dict(answer.headers)).encode()
    return told


@pytest.mark.rule("NOTE-43", "FILE-45")
def test_nobody_but_staff_is_told_where_the_bytes_of_a_note_are(world: World) -> None:
    """Every endpoint, its answers, errors and headers: no file of a note, no place or version of bytes, no bucket."""
    kept = [item for item in world.cloud.items() if item.get("purpose", {}).get("S") == "NOTES_PDF"]
    places = [item[name]["S"].encode() for item in kept for name in ("object_key", "version_id") if name in item]
    packed = [
        value["S"].encode() for item in kept for value in item.get("packed", {}).get("M", {}).values() if "S" in value
    ]
    secrets = {*places, *packed, *(item["id"]["S"].encode() for item in kept), BUCKET_NAME().encode()}
    assert len(secrets) >= 4
    for place, endpoint in world.endpoints.items():
        action = endpoint.guard()
        if action is not None and action.for_staff:
            continue
        # The document of the interface names what staff send.
        names = () if endpoint.path.startswith(("/v1/openapi", "/v1/docs")) else _NAMES_OF_PLACES
        for caller in (STUDENT, OTHER, ANONYMOUS):
            told = _told(world, endpoint, caller)
            assert not [one for one in (*secrets, *names) if one in told], f"{place} to {caller}"
