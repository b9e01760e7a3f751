"""What identity and access cost (AUTH-72, ACC-51, ACC-20): sign-in, refresh, an authorized read, a refusal; and an edit
of a role with many holders.

Times are CPU time with AWS answered from memory; a sign-in's are without Argon2id, which is measured beside it. What a
check costs stands beside the barest one that could do the same.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt

from chalicelib.identity.accounts import hash_password, is_right_password
from chalicelib.platform import store
from chalicelib.platform.access import decisions, tokens
from chalicelib.platform.access.caller import recognize
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import SUPER_ADMIN, Actions
from chalicelib.platform.http.endpoint import Endpoint
from infra.local.lambdas import LambdaContext
from infra.local.proxy import Incoming, Match, event
from tests.architecture.world import OTHER, STUDENT, World
from tests.benchmarks.canned import canned
from tests.benchmarks.figures import Figure, median
from tests.benchmarks.samples import Sample, take
from tests.identity.access.staff import seed_holders

ROUNDS = 120
WARM = 10
GOALS = {"sign-in": 3, "refresh": 2, "an authorized read": 1, "a refusal": 2}
CHEAP = {"ARGON2_MEMORY_KIB": "64", "ARGON2_TIME": "1"}
HOLDERS = (500, 5_000)
PROPAGATION_SECONDS = 60
DRAIN_SECONDS = 600


def measure(world: World) -> list[Figure]:
    """Trips, units and time of the four requests; then what of it is whose."""
    return [*_requests(world), *_checks(world), *_hashing(), *_role_edits(world)]


def _requests(world: World) -> Iterator[Figure]:
    for name, sample in _samples(world).items():
        taken = take(world, sample)
        trips, goal = taken.round_trips(), GOALS[name]
        calls = ", ".join(call.operation for call in taken.calls)
        yield Figure(f"{name}: round trips", trips, "", f"{calls} ({taken.status})", None, f"≤ {goal}", trips <= goal)
        yield Figure(f"{name}: units", round(sum(call.units for call in taken.calls), 1), "units")
        with canned() as memory:
            memory.load(taken.exchanges)
            yield Figure(f"{name}: time without AWS", round(_microseconds(_handled(taken))), "µs CPU")


def _samples(world: World) -> dict[str, Sample]:
    person = world.persons[OTHER]
    return {
        "sign-in": _sample(
            world, "login", {"email": person.email, "password": person.password, "deviceLabel": "Phone"}
        ),
        "refresh": _sample(world, "refresh", {"refreshToken": person.refresh_token}),
        "an authorized read": _sample(world, "get_note", None, world.tokens[STUDENT]),
        "a refusal": _sample(world, "list_subjects_admin", None, world.tokens[STUDENT]),
    }


def _sample(world: World, name: str, body: Any, token: str | None = None) -> Sample:
    endpoint = next(one for one in world.endpoints.values() if one.name == name)
    names = {param: world.named[param] for param, _ in endpoint.path_rules.values()}
    headers = [("User-Agent", "pathshala-tests/1.0"), ("Content-Type", "application/json")]
    if token is not None:
        headers.append(("Authorization", f"Bearer {token}"))
    content = b"" if body is None else json.dumps(body).encode()
    incoming = Incoming(endpoint.method, world.path(endpoint), "", headers, content, "203.0.113.7")
    return Sample(endpoint, event(incoming, Match(endpoint, endpoint.path, names), world.cloud.stage))


def _handled(sample: Sample) -> Callable[[], object]:
    endpoint: Endpoint = sample.endpoint
    return lambda: endpoint(dict(sample.event), LambdaContext(endpoint.name, endpoint.memory, endpoint.timeout))


def _microseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    for _ in range(WARM):
        work()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1e6)
    return median(taken)


def _beside(name: str, own: float, bare: float, what: str) -> Figure:
    return Figure(name, round(own, 1), "µs CPU", f"{what} {bare:.1f} µs", own / bare if bare else None)


def _checks(world: World) -> Iterator[Figure]:
    """Verification beside PyJWT alone; a decision beside looking a name up in a set."""
    person = world.persons[SUPER_ADMIN]
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    key = tokens._keys(tokens.JWT_PUBLIC_KEYS())[jwt.get_unverified_header(person.token)["kid"]]

    def bare_verification() -> object:
        return jwt.decode(person.token, key.key, algorithms=[key.algorithm], audience=tokens.AUTH_AUDIENCE())

    own = _microseconds(lambda: tokens.verify(person.token))
    yield _beside("token verification", own, _microseconds(bare_verification), "PyJWT alone")
    claims = tokens.verify(person.token)
    caller = recognize(claims, card)
    names = {str(name) for name in card.permissions or ()}
    decision = _microseconds(lambda: decisions.decide(caller, Actions.CONTENT_MANAGE))
    bare = _microseconds(lambda: "content.manage" in names)
    met = decision <= 1_000
    yield Figure("Cedar decision", round(decision, 1), "µs CPU", f"a set {bare:.2f} µs", None, "≤ 1 ms", met)


def _role_edits(world: World) -> Iterator[Figure]:
    """A permission taken from a role: how long the request takes, and until it is gone from every holder's card."""
    token = world.tokens[SUPER_ADMIN]
    for count in HOLDERS:
        with world.unchanged():
            role = {"key": f"BENCH_{count}", "name": "Editors", "userType": "ADMIN"}
            permissions = ["content.read", "content.manage", "notes.read"]
            path = "/v1/admin/access/roles"
            world.client.post(path, json={**role, "permissions": permissions}, token=token, expect=201)
            seed_holders(role["key"], count)
            world.cloud.drain(DRAIN_SECONDS)
            began = time.perf_counter()
            edited = world.client.call("PATCH", f"{path}/{role['key']}", json={"remove": ["notes.read"]}, token=token)
            answered = time.perf_counter() - began
            world.cloud.drain(DRAIN_SECONDS)
            done = time.perf_counter() - began
            state = world.client.call("GET", f"{path}/{role['key']}", token=token)
            assert (edited.status, state.status) == (200, 200)
        met = done <= PROPAGATION_SECONDS
        yield Figure(f"role edit, {count:,} holders: answered", round(answered * 1000), "ms", "the emulated AWS")
        yield Figure(
            f"role edit, {count:,} holders: on every card",
            round(done, 1),
            "s",
            "",
            None,
            f"≤ {PROPAGATION_SECONDS} s",
            met,
        )


def _hashing() -> Iterator[Figure]:
    """With the parameters of a stage; everything else here hashes as cheaply as it can."""
    known = {name: os.environ.pop(name) for name in CHEAP if name in os.environ}
    hashed = hash_password("correct horse battery staple")
    began = time.process_time()
    for _ in range(5):
        is_right_password("correct horse battery staple", hashed)
    taken = (time.process_time() - began) / 5 * 1000
    os.environ.update(known)
    yield Figure("Argon2id, one verification", round(taken, 1), "ms CPU")
