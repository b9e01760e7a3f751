"""QUAL-04: how long a warm handler takes when AWS answers from memory, beside the same work written by hand.

The framework part is that of an endpoint that does nothing, with path, query and body of a few fields and an answer:
what it takes when it is public (route, validate, log), and what authorizing a member of staff takes. What libraries
take to verify a token and to read the card is shown beside it.
"""

from __future__ import annotations

import gc
import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from chalicelib.platform import registry, store
from chalicelib.platform.access import decisions, tokens
from chalicelib.platform.access.caller import recognize
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import SUPER_ADMIN
from chalicelib.platform.http import Actions, Characters, QueryModel, RequestModel, ResponseModel, api
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.ids import Ulid
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.lambdas import LambdaContext
from infra.local.proxy import Incoming, Match, event
from tests.architecture.world import World
from tests.benchmarks.canned import Canned, canned
from tests.benchmarks.figures import Figure, median
from tests.benchmarks.plain import Handler, Plain
from tests.benchmarks.samples import Exchange, Sample

ROUNDS = 60
LONG = 200
WARM = 8
MOST = 3.0
FRAMEWORK_MICROSECONDS = 250
_SLOW_ON_PURPOSE = frozenset({"login", "register"})
"""Argon2id takes its time in them."""


def _microseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """The median run, in CPU time of this process: with AWS in memory nothing is waited for."""
    for _ in range(WARM):
        work()
    taken = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1e6)
    return median(taken)


def _handled(sample: Sample) -> Callable[[], object]:
    endpoint = sample.endpoint
    return lambda: endpoint(dict(sample.event), LambdaContext(endpoint.name, endpoint.memory, endpoint.timeout))


def _by_hand(plain: Plain) -> dict[str, Handler]:
    return {
        "GET /v1/users/me": plain.profile,
        "GET /v1/notes/{noteId}": plain.note,
        "GET /v1/payments/history": plain.history,
        "PATCH /v1/admin/subjects/{subjectId}": plain.change_subject,
    }


def _alone(name: str, microseconds: float) -> Figure:
    return Figure(f"warm {name}", round(microseconds), "µs")


def _beside(name: str, own: float, hand: float) -> Figure:
    ratio = own / hand
    return Figure(f"warm {name}", round(own), "µs", f"by hand {hand:.0f} µs", ratio, "", None)


def measure(world: World, samples: Sequence[Sample]) -> list[Figure]:
    """One row an endpoint; those written by hand beside theirs; the framework's part."""
    plain_log = logging.getLogger("plain")
    plain_log.setLevel(logging.INFO)
    plain_log.addHandler(logging.NullHandler())
    plain_log.propagate = False
    rows: list[Figure] = []
    # As a Lambda's start does: this process also holds the emulated cloud, which the collector need not look through.
    gc.collect()
    gc.freeze()
    with canned() as memory:
        hands = _by_hand(Plain(world.cloud.secret("JWT_PUBLIC_KEYS"), TABLE_NAME()))
        for sample in samples:
            if not sample.sound or sample.endpoint.name in _SLOW_ON_PURPOSE or _talks_to_others(sample):
                continue
            memory.load(sample.exchanges)
            own = _microseconds(_handled(sample))
            hand = hands.get(sample.name)
            rows.append(_alone(sample.name, own) if hand is None else _beside(sample.name, own, _timed(hand, sample)))
        middle = median(row.ratio for row in rows if row.ratio is not None)
        title = "warm: median beside the work by hand"
        rows.append(Figure(title, None, "", "by hand", middle, f"≤ {MOST} ×", middle <= MOST))
        rows.extend(_framework(world, memory))
    return rows


def _talks_to_others(sample: Sample) -> bool:
    return sample.endpoint.name in {"checkout", "finalize_order", "health_ready"} or sample.name.endswith("/ready")


def _timed(hand: Handler, sample: Sample) -> float:
    return _microseconds(lambda: hand(dict(sample.event)))


class _Body(RequestModel):
    title: Annotated[str, Characters(3, 200)]
    is_premium: bool
    topic_ids: list[Ulid]


class _Query(QueryModel):
    limit: int = 20


class _Told(ResponseModel):
    id: str
    title: str
    count: int


def _idle(*, public: bool) -> Endpoint:
    with registry.isolated():

        @api.patch("/v1/admin/idle/{noteId}", **({"public": True} if public else {"action": Actions.CONTENT_MANAGE}))
        def idle_endpoint(note_id: str, body: _Body, query: _Query) -> _Told:
            """Do nothing."""
            return _Told(id=note_id, title=body.title, count=query.limit)

    idle_endpoint.prepare()
    return idle_endpoint


def _idle_event(world: World, endpoint: Endpoint) -> dict[str, Any]:
    note, person = world.named["noteId"], world.persons[SUPER_ADMIN]
    body = json.dumps({"title": "Fundamental Rights", "isPremium": True, "topicIds": [note]}).encode()
    headers = [("Authorization", f"Bearer {person.token}"), ("Content-Type", "application/json")]
    incoming = Incoming("PATCH", f"/v1/admin/idle/{note}", "limit=50", headers, body, "203.0.113.7")
    return event(incoming, Match(endpoint, endpoint.path, {"noteId": note}), world.cloud.stage)


def _framework(world: World, memory: Canned) -> list[Figure]:
    person = world.persons[SUPER_ADMIN]
    place = AccessCard.place(person.id)
    raw = next(item for item in world.cloud.table.items() if (item["pk"]["S"], item["sk"]["S"]) == place)
    reply = (200, {"Content-Type": "application/x-amz-json-1.0"}, json.dumps({"Item": raw}).encode())
    memory.load([Exchange("dynamodb", "GetItem", b"", reply)])
    whole, bare = (_whole(world, _idle(public=public)) for public in (False, True))
    card = store.get(AccessCard, place)
    assert card is not None
    claims = tokens.verify(person.token)
    authorizing = _microseconds(lambda: _authorize(claims, card), LONG)
    part = bare + authorizing
    goal, met = f"≤ {FRAMEWORK_MICROSECONDS} µs", part <= FRAMEWORK_MICROSECONDS
    return [
        Figure("framework: a staff endpoint that does nothing", round(whole), "µs"),
        _of("PyJWT verifies the token", lambda: tokens.verify(person.token)),
        _of("botocore and PynamoDB read the card", lambda: store.get(AccessCard, place)),
        Figure("framework: of that, authorize (recognize, Cedar)", round(authorizing), "µs"),
        Figure("framework: of that, route, validate, log", round(bare), "µs"),
        Figure("framework: route, validate, authorize, log", round(part), "µs", goal=goal, met=met),
        *_deciding(person.id),
    ]


def _whole(world: World, endpoint: Endpoint) -> float:
    given, context = _idle_event(world, endpoint), LambdaContext("idle", 256, 29)
    answered = endpoint(given, context)
    assert answered["statusCode"] == 200, answered
    return _microseconds(lambda: endpoint(dict(given), context), LONG)


def _authorize(claims: tokens.Claims, card: AccessCard) -> None:
    staff = recognize(claims, card)
    decisions.screen(staff, Actions.CONTENT_MANAGE)
    decisions.require(staff, Actions.CONTENT_MANAGE)


def _of(name: str, work: Callable[[], object]) -> Figure:
    return Figure(f"framework: of that, {name}", round(_microseconds(work, LONG)), "µs")


def _deciding(user_id: str) -> list[Figure]:
    """ACC-51: what one decision costs, on a card as full as cards get."""
    from tests.platform.access.callers import caller, entitlement, note

    many: dict[str, Any] = {}
    for _ in range(30):
        many.update(entitlement("NOTES", subjectIds=[user_id], topicIds=[user_id]))
    person = caller(entitlements=many)
    began = time.process_time()
    for _ in range(200):
        decisions.decide(person, Actions.NOTES_BROWSE, note())
    taken = (time.process_time() - began) / 200 * 1000
    return [Figure("a decision, 30 entitlements on the card", round(taken, 3), "ms CPU", goal="≤ 1 ms", met=taken <= 1)]
