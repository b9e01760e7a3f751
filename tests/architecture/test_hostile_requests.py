"""Ten thousand hostile requests: 4xx, in the envelope, changing nothing, and nothing of them in the log (QUAL-33).

Hypothesis makes tokens, cursors, bodies, headers, queries and paths; each carries ``MARK``, which no line of the log
may contain. Whatever is sent is wrong by construction, so that any other answer is a fault. ``make test`` sends a share
of each kind; ``HYPOTHESIS_PROFILE=nightly`` all of them, other ones each night.
"""

from __future__ import annotations

import base64
import io
import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from chalicelib.platform import logs
from chalicelib.platform.errors import VersionMismatch
from chalicelib.platform.http import cursors
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.idempotency import Idempotency
from chalicelib.platform.http.limits import Limit, Limits
from infra.local.emulator import Emulator
from tests.architecture.world import FORGED, STUDENT, SUPER_ADMIN, World
from tests.architecture.world import world as academy
from tests.support.client import Response
from tests.support.people import sign

MARK = "hostile7f3a9c"
TOTAL = 10_000
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
SHARE = 1.0 if NIGHTLY else 0.3
REFUSED = frozenset({400, 401, 403, 404, 413, 415, 422})
VIEWING = frozenset({"get_watermark", "renew_view_session"})
COUNTERS = frozenset({"RateWindow", "SecuritySignal", "SignalWindow"})


def hostile(cases: int) -> settings:
    """How many examples of one kind."""
    return settings(
        max_examples=int(cases * SHARE),
        deadline=None,
        derandomize=not NIGHTLY,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


NASTY = some.sampled_from(
    [
        *("", "' OR 1=1 --", '"; DROP TABLE users', "${jndi:ldap://x}", "{{7*7}}", "%00", "../../etc/passwd", "\\"),
        *("<script>alert(1)</script>", "𝕳𝖎", "ﷺ" * 8, "\u202e\u2066", "\u0000", "null", "-0", "1e400", "😀" * 9, "%"),
    ]
)
DIRT = some.one_of(NASTY, some.text(max_size=24))
TEXTS = some.builds(lambda before, after: f"{before}!{MARK}{after}", DIRT, DIRT)
HEADERS = TEXTS.map(lambda text: "".join(one for one in text if one.isprintable() and one != ",").strip())
SCALARS = some.one_of(TEXTS, some.none(), some.booleans(), some.integers(-(2**70), 2**70), some.floats(allow_nan=False))
VALUES = some.recursive(
    SCALARS, lambda own: some.lists(own, max_size=3) | some.dictionaries(DIRT, own, max_size=3), max_leaves=6
)


@pytest.fixture(scope="module")
def world(emulator: Emulator) -> Iterator[World]:
    """One academy for all of them, without limits: these are refused for what they are."""
    with academy(emulator) as made, pytest.MonkeyPatch.context() as patch:
        for limit in vars(Limits).values():
            if isinstance(limit, Limit):
                patch.setenv(limit.rate.name, "off")
        yield made


@pytest.fixture(scope="module")
def heard(world: World) -> Iterator[io.StringIO]:
    """What the backend logs, as in production."""
    python_logger = logging.getLogger(logs.logger.name)
    said = io.StringIO()
    handler = logging.StreamHandler(said)
    handler.setFormatter(python_logger.handlers[0].formatter)
    python_logger.addHandler(handler)
    yield said
    python_logger.removeHandler(handler)


@pytest.fixture(autouse=True)
def harmless(world: World, heard: io.StringIO) -> Iterator[None]:
    """Afterwards the table holds what it held, but for counters and audited refusals; the log nothing of what came."""
    before = _kept(world.cloud)
    yield
    assert _kept(world.cloud) == before
    said = heard.getvalue()
    assert said
    assert MARK not in said
    heard.seek(0)
    heard.truncate()


def _kept(cloud: Emulator) -> list[Any]:
    return sorted(
        json.dumps(item, sort_keys=True, default=str)
        for item in cloud.items()
        if item["kind"]["S"] not in COUNTERS and item.get("outcome", {}).get("S") != "REFUSED"
    )


def refused(response: Response, statuses: frozenset[int] | set[int] = REFUSED) -> None:
    """The client has checked the envelope and that the declaration lists the answer."""
    assert response.status in statuses, f"{response.endpoint}: {response.status} {response.body[:300]!r}"
    told = response.json
    assert MARK not in told["message"]
    assert all(MARK not in one["message"] for one in told.get("details") or () if "message" in one)
    assert all(MARK not in value for value in response.headers.values())


def some_endpoint(world: World, fits: Callable[[Endpoint], bool]) -> some.SearchStrategy[Endpoint]:
    return some.sampled_from([one for one in nameable(world) if fits(one)])


def nameable(world: World) -> list[Endpoint]:
    """The endpoints whose paths can be named here; that all can, the access matrix shows."""
    every = [one for _, one in sorted(world.endpoints.items())]
    return [one for one in every if all(name in world.named for name, _ in one.path_rules.values())]


def send(world: World, endpoint: Endpoint, *, who: str | None = SUPER_ADMIN, **more: Any) -> Response:
    """The request that would be sound but for ``more``, and for a view token where one is needed."""
    headers = {"Idempotency-Key": "K" * 20, "X-View-Token": "v" * 43, **more.pop("headers", {})}
    token = None if who is None or "Authorization" in headers else world.tokens[who]
    path = more.pop("path", world.path(endpoint))
    return world.client.call(endpoint.method, path, headers=headers, token=more.pop("token", token), **more)


def _segment(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def tokens(world: World) -> some.SearchStrategy[str]:
    """Texts, tokens that nobody signed, ones of ours altered in one place, and ours with a claim that is not so."""
    boss = world.persons[SUPER_ADMIN]
    key = json.loads(world.cloud.secret("JWT_KEYS"))[0]
    ours, forged = boss.token, str(world.tokens[FORGED])

    def unsigned(alg: Any, kid: Any, claims: dict[str, Any], signature: bytes) -> str:
        header = {"alg": alg, "kid": kid, "typ": "at+jwt", "x": MARK}
        return ".".join([_segment(header), _segment({"sub": boss.id, **claims}), _segment(signature)])

    def altered(place: int, by: str) -> str:
        place %= len(ours) - 1  # the last character has bits that no signature uses
        return ours[:place] + (by if by != ours[place] else "." if by != "." else "A") + ours[place + 1 :]

    def untrue(claims: Mapping[str, Any]) -> str:
        return sign(key, boss.id, boss.session_id, boss.user_type, 1, 900, **claims)

    algorithms = some.sampled_from(["none", "None", "HS256", "RS256", "ES256", "EdDSA", "", 5, None, ["ES256"]])
    kids = some.one_of(some.just(key["kid"]), TEXTS, some.sampled_from([None, 5, "../../dev/null", ["x"]]))
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    wrong = some.sampled_from(
        [
            *({"iss": "https://evil.example"}, {"aud": "other"}, {"exp": 1}, {"tv": 7}, {"sid": "none"}),
            *({"ut": "STUDENT"}, {"exp": "soon"}, {"iat": 2**40}, {"aud": []}, {"sid": None}, {"tv": None}),
        ]
    )
    return some.one_of(
        HEADERS,
        some.builds(unsigned, algorithms, kids, some.dictionaries(DIRT, SCALARS, max_size=3), some.binary(max_size=70)),
        some.builds(altered, some.integers(0, 4_000), some.sampled_from(letters)),
        some.builds(untrue, wrong),
        some.just(forged),
    )


@pytest.mark.rule("QUAL-33")
def test_tokens(world: World) -> None:
    @hostile(TOTAL // 4)
    @given(some_endpoint(world, lambda one: one.guard() is not None), tokens(world))
    def check(endpoint: Endpoint, token: str) -> None:
        refused(world.client.call(endpoint.method, world.path(endpoint), headers={"Authorization": f"Bearer {token}"}))

    check()


@pytest.mark.rule("QUAL-33")
def test_view_and_refresh_tokens(world: World) -> None:
    note = f"/v1/notes/{world.named['noteId']}"
    asha = world.persons[STUDENT]
    with world.unchanged():
        view = world.client.post(f"{note}/view-session", token=asha.token, expect=201).json["viewToken"]

        @hostile(TOTAL // 40)
        @given(some.integers(0, 200), some.sampled_from("ABCXYZabcxyz0189-_."), HEADERS)
        def check(place: int, by: str, text: str) -> None:
            for ours, ask in ((view, _viewing), (asha.refresh_token, _refreshing)):
                at = place % (len(ours) - 1)
                altered = ours[:at] + (by if by != ours[at] else "~") + ours[at + 1 :]
                for token in (altered, text):
                    refused(ask(world, token), {401, 422})

        check()


def _viewing(world: World, token: str) -> Response:
    path = f"/v1/notes/{world.named['noteId']}/watermark"
    return world.client.get(path, token=world.persons[STUDENT].token, headers={"X-View-Token": token})


def _refreshing(world: World, token: str) -> Response:
    return world.client.post("/v1/auth/refresh", json={"refreshToken": token})


@pytest.mark.rule("QUAL-33", "HTTP-16")
def test_cursors(world: World) -> None:
    boss = world.persons[SUPER_ADMIN]
    sealed = cursors.seal("other.list", boss.id, {}, {"pk": "X", "sk": "Y", "part": ""}) or ""

    def altered(place: int, by: str) -> str:
        return sealed[: place % len(sealed)] + by + sealed[place % len(sealed) + 1 :]

    given_cursors = some.one_of(
        TEXTS,
        some.builds(altered, some.integers(0, 400), some.sampled_from("ABab01-_~")),
        some.binary(min_size=1, max_size=90).map(_segment),
        some.just("A" * 3_000),
    )
    lists = some_endpoint(world, lambda one: one.query_model is not None and "cursor" in one.query_model.model_fields)

    @hostile(TOTAL // 8)
    @given(lists, given_cursors)
    def check(endpoint: Endpoint, cursor: str) -> None:
        query = {"cursor": cursor}
        if endpoint.name == "export_audit":
            query.update({"from": "2026-01-01", "to": "2026-01-02"})
        refused(send(world, endpoint, query=query), {400, 403, 422})

    check()


def bodies() -> some.SearchStrategy[Callable[[Any], bytes]]:
    """What becomes of the body that would fit: something that is none, or one with a member too many and one wrong."""

    def text(made: str) -> Callable[[Any], bytes]:
        return lambda sound: made.encode("utf-8", "surrogatepass")

    def worse(value: Any, extra: Any, which: int) -> Callable[[Any], bytes]:
        def make(sound: Any) -> bytes:
            members = dict(sound) if isinstance(sound, dict) else {}
            if members:
                members[sorted(members)[which % len(members)]] = value
            return json.dumps({**members, f"zz{MARK}": extra}).encode()

        return make

    broken = some.sampled_from(
        [
            *(
                '{"a": 1',
                "{'a': 1}",
                '{"a": NaN}',
                '{"a": Infinity}',
                "[1, 2]",
                "null",
                "true",
                '"text"',
                "5",
                "\ufeff{}",
            ),
            *('{"a": 1, "a": 2}', '{"a": "\\ud800"}', '{"\\ud800": 1}', '{"a": 1}{"b": 2}', "{" * 30, "[" * 9_000),
            *('{"a":' * 30 + "1" + "}" * 30, '{"a": 1e999}', '{"a": ' + "9" * 5_000 + "}", '{"a": "\ud800"}'),
        ]
    )
    return some.one_of(
        some.builds(worse, VALUES, VALUES, some.integers(0, 50)),
        some.builds(worse, VALUES, VALUES, some.integers(0, 50)),
        broken.map(text),
        TEXTS.map(text),
        some.binary(min_size=1, max_size=60).map(lambda raw: lambda sound: b"\xff" + raw),
        some.just(lambda sound: b'{"a": "' + b"x" * 262_144 + b'"}'),
    )


@pytest.mark.rule("QUAL-33", "HTTP-11", "HTTP-12")
def test_bodies(world: World) -> None:
    @hostile(3 * TOTAL // 10)
    @given(some_endpoint(world, lambda one: one.takes_json), bodies())
    def check(endpoint: Endpoint, make: Callable[[Any], bytes]) -> None:
        refused(send(world, endpoint, body=make(world.body(endpoint))), {400, 403, 413, 422})

    check()


@pytest.mark.rule("QUAL-33")
def test_headers(world: World) -> None:
    """Each header that decides something, on an endpoint where it does."""
    every = nameable(world)
    places: list[tuple[str, list[Endpoint], set[int]]] = [
        ("Authorization", [one for one in every if one.guard() is not None], {401}),
        ("Content-Type", [one for one in every if one.takes_json and one.body_model is not None], {415}),
        ("If-Match", [one for one in every if one.takes_json and VersionMismatch in one.raises], {400, 403, 404, 422}),
        ("Idempotency-Key", [one for one in every if one.idempotency is not Idempotency.NONE], {400, 403}),
        ("X-View-Token", [one for one in every if one.name in VIEWING], {401, 403}),
    ]
    cases = [(name, one, statuses) for name, some_of, statuses in places for one in some_of]

    @hostile(TOTAL // 8)
    @given(some.sampled_from(cases), HEADERS)
    def check(case: tuple[str, Endpoint, set[int]], value: str) -> None:
        name, endpoint, statuses = case
        more = {"X-Request-Id": f"{value} {MARK}", "Cookie": f"ps_access={value}; {value}", name: value}
        sound = world.body(endpoint)
        body = json.dumps(sound).encode() if sound is not None else None
        sent = send(world, endpoint, who=STUDENT if name == "X-View-Token" else SUPER_ADMIN, body=body, headers=more)
        refused(sent, statuses)

    check()


@pytest.mark.rule("QUAL-33", "HTTP-12")
def test_queries(world: World) -> None:
    """A parameter too many, and what is known with something else in it."""

    @hostile(TOTAL // 10)
    @given(some_endpoint(world, lambda one: not one.takes_json), TEXTS, TEXTS, some.integers(0, 20))
    def check(endpoint: Endpoint, name: str, value: str, which: int) -> None:
        fields = endpoint.query_model.model_fields if endpoint.query_model is not None else {}
        known = sorted(str(field.alias or own) for own, field in fields.items())
        query = {name: value, **({known[which % len(known)]: value} if known else {})}
        refused(send(world, endpoint, query=query), {400, 401, 403, 422})

    check()


@pytest.mark.rule("QUAL-33", "HTTP-14")
def test_paths(world: World) -> None:
    @hostile(TOTAL // 10)
    @given(some_endpoint(world, lambda one: bool(one.path_rules)), TEXTS, some.integers(0, 5))
    def check(endpoint: Endpoint, text: str, which: int) -> None:
        names = [name for name, _ in endpoint.path_rules.values()]
        path = endpoint.path.replace(f"{{{names[which % len(names)]}}}", quote(text, safe=""))
        for name in names:
            path = path.replace(f"{{{name}}}", world.named[name])
        body = world.body(endpoint) if endpoint.takes_json else None
        refused(send(world, endpoint, path=path, json=body), {400, 403, 404, 422})

    check()
