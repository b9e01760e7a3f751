"""The policies and their twin agree on every card and note (ENT-18), and the twin's hints."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from chalicelib.commerce.subscriptions import covers, explaining
from chalicelib.platform import clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.access.decisions import decide_all
from chalicelib.platform.access.resources import Entity

NOW = 1_790_000_000
SUBJECTS = ["S1", "S2"]
TOPICS = ["T1", "T2", "T3"]
NOTES = ["N1", "N2", "N3"]
KINDS = ["ALL", "NOTES", "TESTS", "PRACTICE"]
TIMES = [NOW - 100, NOW - 1, NOW, NOW + 1, NOW + 100]


@pytest.fixture(autouse=True)
def _real_time_again() -> Iterator[None]:
    yield
    clock.reset()


def at_the_second() -> None:
    """Set the clock to the beginning of ``NOW``: there is a second until the next one."""
    clock.reset()
    clock.advance(NOW - clock.now().timestamp() + 0.001)


def card(entitlements: list[dict[str, Any]], **more: Any) -> AccessCard:
    return AccessCard(
        "USER#u",
        "ACCESS",
        user_id="u",
        user_type="STUDENT",
        status="ACTIVE",
        entitlements={f"e{number}": one for number, one in enumerate(entitlements)},
        **more,
    )


def entry(
    kind: str = "NOTES", starts_at: int = NOW - 10, ends_at: int = NOW + 10, **scope: list[str]
) -> dict[str, Any]:
    lists = {"subjectIds": [], "topicIds": [], "noteIds": [], "testIds": [], **scope}
    return {"kind": kind, **lists, "startsAt": starts_at, "endsAt": ends_at}


def note(**facts: Any) -> dict[str, Any]:
    plain = {"noteId": "N1", "subjectId": "S1", "topicPathIds": ["T1"], "published": True, "premium": True}
    return {**plain, "preview": False, **facts}


def few(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=2, unique=True)


ENTRIES = st.lists(
    st.builds(
        lambda kind, times, subjects, topics, notes: entry(
            kind, min(times), max(times), subjectIds=subjects, topicIds=topics, noteIds=notes
        ),
        st.sampled_from(KINDS),
        st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES)),
        few(SUBJECTS),
        few(TOPICS),
        few(NOTES),
    ),
    max_size=5,
)
BANS = st.dictionaries(st.sampled_from([*NOTES, "*"]), st.sampled_from(TIMES), max_size=1)


def every_note() -> list[dict[str, Any]]:
    return [
        note(noteId=name, subjectId=subject, topicPathIds=topics, published=published, premium=premium)
        for name in NOTES[:2]
        for subject in SUBJECTS
        for topics in ([], ["T1"], ["T2", "T3"])
        for published, premium in ((True, True), (True, False), (False, True))
    ]


@pytest.mark.rule("ENT-18", "ENT-11", "ENT-12", "ENT-17")
@settings(max_examples=300, deadline=None)
@given(ENTRIES, BANS)
def test_policies_and_twin_agree(entitlements: list[dict[str, Any]], bans: dict[str, int]) -> None:
    """300 cards × 36 notes: more than 10,000 pairs."""
    own = card(entitlements, note_bans=bans)
    notes = random.Random(1).sample(every_note(), 36)
    entities = [Entity("Note", f"{one['noteId']}/{number}", one) for number, one in enumerate(notes)]
    at_the_second()
    decisions = decide_all(Caller(own, "session"), Actions.NOTES_OPEN, entities)
    verdicts = [covers.can_access_note(own, one, NOW) for one in notes]
    assume(clock.epoch() == NOW)
    assert [(one.allowed, one.reason) for one in decisions] == [(one.allowed, one.reason) for one in verdicts]
    assert all((one.hint is None) == (one.reason not in HINTED) for one in verdicts)
    # What ENT-06 tells of each entitlement says the same once more.
    live = covers.running_at(entitlements, NOW)
    told = [any(explaining.because(one, facts).startswith("COVERS") for one in live) for facts in notes]
    asked = [one["published"] and one["premium"] and not own_ban(bans, one) for one in notes]
    assert [one for one, counts in zip(told, asked, strict=True) if counts] == [
        one.allowed for one, counts in zip(decisions, asked, strict=True) if counts
    ]


def own_ban(bans: dict[str, int], facts: dict[str, Any]) -> bool:
    return any(name in ("*", facts["noteId"]) and end > NOW for name, end in bans.items())


HINTED = {"NO_ENTITLEMENT", "ENTITLEMENT_EXPIRED", "ENTITLEMENT_OUT_OF_SCOPE"}


TEST_TOPICS = {"T1": ["S1"], "T2": ["S1", "T1"], "T3": ["S2"]}
TESTS = ["X1", "X2"]
TEST_ENTRIES = st.lists(
    st.builds(
        lambda kind, times, subjects, topics, tests: entry(
            kind, min(times), max(times), subjectIds=subjects, topicIds=topics, testIds=tests
        ),
        st.sampled_from(["ALL", "NOTES", "TESTS", "TESTS", "TESTS", "PRACTICE"]),
        st.tuples(st.sampled_from(TIMES), st.sampled_from(TIMES)),
        few(SUBJECTS),
        few(TOPICS),
        few(TESTS),
    ),
    max_size=5,
)


def every_test() -> Iterator[tuple[dict[str, Any], dict[str, list[str]]]]:
    """Tests of no, one or two subjects and topics, and what lies above their topics."""
    for name in TESTS:
        for subjects in ([], ["S1"], ["S1", "S2"]):
            for topics in ([], ["T2"], ["T1", "T3"]):
                for published, is_open, free in ((1, 1, 0), (1, 1, 1), (1, 0, 0), (0, 1, 0)):
                    facts = {"testId": name, "subjectIds": subjects, "topicIds": topics}
                    facts |= {"published": bool(published), "open": bool(is_open), "free": bool(free)}
                    yield facts, {topic: TEST_TOPICS[topic] for topic in topics}


@pytest.mark.rule("ENT-18", "ENT-13", "ENT-17")
@settings(max_examples=140, deadline=None)
@given(TEST_ENTRIES)
def test_policies_and_twin_agree_on_tests(entitlements: list[dict[str, Any]]) -> None:
    """140 cards × 72 tests: more than 10,000 pairs. A test of several subjects needs all, from any entitlements."""
    own, tests = card(entitlements), list(every_test())
    entities = [
        Entity("Test", f"{facts['testId']}/{number}", facts, within) for number, (facts, within) in enumerate(tests)
    ]
    at_the_second()
    decisions = decide_all(Caller(own, "session"), Actions.TESTS_ATTEMPT, entities)
    verdicts = [covers.can_access_test(own, facts, NOW, TEST_TOPICS) for facts, _ in tests]
    assume(clock.epoch() == NOW)
    assert [(one.allowed, one.reason) for one in decisions] == [(one.allowed, one.reason) for one in verdicts]
    assert all((one.hint is None) == (one.reason not in HINTED) for one in verdicts)


@pytest.mark.rule("ENT-18", "ENT-14", "ENT-17")
@pytest.mark.parametrize("with_tests", [True, False])
@settings(max_examples=170, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entitlements=TEST_ENTRIES)
def test_policies_and_twin_agree_on_practice(
    monkeypatch: pytest.MonkeyPatch, with_tests: bool, entitlements: list[dict[str, Any]]
) -> None:
    """2 × 170 cards × 36 subjects and topics: more than 10,000 pairs, whether tests give practice or not."""
    monkeypatch.setenv("PRACTICE_WITH_TESTS", str(with_tests).lower())
    own = card(entitlements)
    things = [
        {"subjectId": subject, "topicPathIds": topics, "published": published, "freeLeft": free}
        for subject in ("S1", "S2", "S3")
        for topics in ([], ["T1"], ["T1", "T2"], ["T3"])
        for published, free in ((True, False), (True, True), (False, False))
    ]
    entities = [
        Entity("Topic" if one["topicPathIds"] else "Subject", f"P{number}", one) for number, one in enumerate(things)
    ]
    at_the_second()
    decisions = decide_all(Caller(own, "session"), Actions.PRACTICE_USE, entities)
    verdicts = [covers.can_access_practice_of(own, one, NOW) for one in things]
    assume(clock.epoch() == NOW)
    assert [(one.allowed, one.reason) for one in decisions] == [(one.allowed, one.reason) for one in verdicts]


@pytest.mark.rule("ENT-13", "ENT-17")
def test_a_test_of_two_subjects_opens_when_both_are_covered_at_one_time() -> None:
    both = {"testId": "X1", "subjectIds": ["S1", "S2"], "topicIds": [], "published": True, "open": True, "free": False}
    first, second = entry("TESTS", subjectIds=["S1"]), entry("TESTS", subjectIds=["S2"])
    assert covers.can_access_test(card([first, second]), both, NOW).allowed
    alone = covers.can_access_test(card([first]), both, NOW)
    assert (alone.reason, alone.hint) == ("ENTITLEMENT_OUT_OF_SCOPE", "OTHER_SCOPE")
    soon = covers.can_access_test(card([first, {**second, "startsAt": NOW + 5}]), both, NOW)
    assert (soon.hint, soon.starts_at) == ("UPCOMING", NOW + 5)
    over = covers.can_access_test(card([first, {**second, "endsAt": NOW - 5}]), both, NOW)
    assert (over.reason, over.hint, over.ended_at) == ("ENTITLEMENT_EXPIRED", "EXPIRED", NOW - 5)


@pytest.mark.rule("ENT-10")
@pytest.mark.parametrize(
    ("now", "reason"),
    [(NOW - 1, "NO_ENTITLEMENT"), (NOW, "ALLOWED"), (NOW + 9.999, "ALLOWED"), (NOW + 10, "ENTITLEMENT_EXPIRED")],
)
def test_an_entitlement_counts_from_its_start_until_just_before_its_end(now: float, reason: str) -> None:
    own = card([entry(starts_at=NOW, ends_at=NOW + 10)])
    assert covers.can_access_note(own, note(), now).reason == reason


@pytest.mark.rule("ENT-11")
@pytest.mark.parametrize(
    ("entitlements", "allowed"),
    [
        ([entry("NOTES")], True),
        ([entry("ALL", subjectIds=["S2"])], True),
        ([entry("TESTS")], False),
        ([entry("NOTES", subjectIds=["S2"])], False),
        ([entry("NOTES", subjectIds=["S2"], topicIds=["T1"])], True),
        ([entry("NOTES", noteIds=["N1"])], True),
        ([entry("NOTES", subjectIds=["S2"]), entry("NOTES", noteIds=["N1"])], True),
    ],
)
def test_one_match_suffices_and_several_add_up(entitlements: list[dict[str, Any]], allowed: bool) -> None:
    assert covers.can_access_note(card(entitlements), note(), NOW).allowed is allowed


@pytest.mark.rule("ENT-17")
@pytest.mark.parametrize(
    ("entitlements", "until", "hint", "ended_at", "starts_at"),
    [
        ([], 0, "NEVER_HAD", None, None),
        ([], NOW - 5, "EXPIRED", NOW - 5, None),
        ([entry(ends_at=NOW - 1)], NOW - 1, "EXPIRED", NOW - 1, None),
        ([entry(starts_at=NOW + 5)], NOW + 10, "UPCOMING", None, NOW + 5),
        ([entry(ends_at=NOW - 1), entry(starts_at=NOW + 5)], NOW + 10, "UPCOMING", None, NOW + 5),
        ([entry("TESTS")], NOW + 10, "OTHER_KIND", None, None),
        ([entry("NOTES", subjectIds=["S2"])], NOW + 10, "OTHER_SCOPE", None, None),
    ],
)
def test_hints(
    entitlements: list[dict[str, Any]], until: int, hint: str, ended_at: int | None, starts_at: int | None
) -> None:
    verdict = covers.can_access_note(card(entitlements, entitled_until=until), note(), NOW)
    assert not verdict.allowed
    assert (verdict.hint, verdict.ended_at, verdict.starts_at) == (hint, ended_at, starts_at)
