"""What requests of a view session look like: the rules alone, second by second."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chalicelib.content.shield import judging
from chalicelib.content.shield.judging import Action, Around, Asked, Known, Report, ReportType, after_reports
from chalicelib.content.shield.networks import network_of

MIB = 1_048_576
KIB = 1_024
AGENT = "a" * 32


def asked(number: int, at: float, first: int = 0, size: int = 0, status: int = 206, **more: Any) -> Asked:
    return Asked(f"{number:05}", at, status, first, first + size - 1, size, **more)


def around(agent: str = AGENT, network: str = "home", length: int = 40 * MIB, **more: Any) -> Around:
    return Around(agent, AGENT, network, length, **more)


def judged(requests: list[tuple[Asked, Around]]) -> list[str]:
    """What a series looks like, each type and severity once, in order."""
    known, found = Known(), dict[str, None]()
    for one, where in requests:
        known, findings = judging.after_request(known, one, where)
        found.update(dict.fromkeys(f"{finding.type} {finding.severity}" for finding in findings))
    return list(found)


def ranges(
    count: int, *, size: int = MIB, seconds: float = 1.0, length: int = 40 * MIB, order: list[int] | None = None
) -> list[tuple[Asked, Around]]:
    """So many ranges, each right after the one before it in ``order``."""
    places = order or list(range(count))
    return [
        (asked(number, number * seconds, place * size, size), around(length=length))
        for number, place in enumerate(places[:count])
    ]


@pytest.mark.rule("SHIELD-50")
@pytest.mark.parametrize(
    ("refusals", "every", "expected"),
    [
        (2, 1, []),
        (3, 1, ["LOW"]),
        (9, 1, ["LOW"]),
        (10, 1, ["LOW", "MEDIUM"]),
        (30, 1, ["LOW", "MEDIUM", "HIGH"]),
        (3, 299, ["LOW"]),
        (30, 301, []),
    ],
)
def test_too_many_refusals_in_ten_minutes(refusals: int, every: int, expected: list[str]) -> None:
    series = [(asked(number, number * every, status=429), around()) for number in range(refusals)]
    assert judged(series) == [f"TOO_MANY_REQUESTS {severity}" for severity in expected]


@pytest.mark.rule("SHIELD-50")
def test_much_of_a_file_in_a_minute() -> None:
    far_apart = [place for start in range(7) for place in range(start, 40, 7)]
    assert judged(ranges(29, seconds=1.5, order=far_apart)) == []
    assert judged(ranges(31, seconds=1.5, order=far_apart)) == ["RANGE_SCRAPE MEDIUM"]
    assert judged(ranges(36, seconds=1.5, order=far_apart)) == ["RANGE_SCRAPE MEDIUM"]
    assert judged(ranges(36, seconds=1, order=far_apart)) == ["RANGE_SCRAPE MEDIUM", "RANGE_SCRAPE HIGH"]
    # The same at leisure, whenever it begins: a window is any minute of the session, not only its first.
    assert judged(ranges(40, seconds=3, order=far_apart)) == []
    late = ranges(36, seconds=1, order=far_apart)
    first = (asked(99_998, -3_600, 0, MIB), around())
    assert judged([first, *late])[-1] == "RANGE_SCRAPE HIGH"
    # Touching every part of it with a few bytes is not taking it; nor is taking one part again and again.
    touching = [(asked(number, number * 0.5, number * MIB, 100), around()) for number in range(40)]
    assert "RANGE_SCRAPE HIGH" not in judged(touching[:29])
    again = [(asked(number, number * 0.5, 0, MIB), around()) for number in range(40)]
    assert judged(again) == []


@pytest.mark.rule("SHIELD-50")
@pytest.mark.parametrize(("length", "expected"), [(8 * MIB, []), (8 * MIB + 1, ["RANGE_SCRAPE HIGH"])])
def test_small_files_are_taken_as_a_whole_by_every_reader(length: int, expected: list[str]) -> None:
    found = judged(ranges(9, length=length, seconds=0.5))
    assert [one for one in found if "HIGH" in one] == expected


@pytest.mark.rule("SHIELD-50")
@pytest.mark.parametrize(
    ("count", "seconds", "order", "expected"),
    [
        (29, 1.0, None, []),
        (30, 1.0, None, ["RANGE_SCRAPE HIGH"]),
        (30, 4.0, None, ["RANGE_SCRAPE HIGH"]),
        (60, 4.2, None, []),
        (60, 1.0, [*range(59, -1, -1)], []),
        (60, 1.0, [place for pair in range(0, 60, 2) for place in (pair + 1, pair)], ["RANGE_SCRAPE HIGH"]),
        (60, 0.5, [place for pair in range(30) for place in (pair, 300 + 7 * pair)], ["RANGE_SCRAPE HIGH"]),
    ],
    ids=["29", "30", "at leisure", "slower", "backwards", "overtaking", "with others between"],
)
def test_ranges_one_after_the_other(count: int, seconds: float, order: list[int] | None, expected: list[str]) -> None:
    assert judged(ranges(count, seconds=seconds, order=order, length=500 * MIB)) == expected


@pytest.mark.rule("SHIELD-50")
def test_single_pages_adjoin_nothing_and_are_counted_by_their_share() -> None:
    length, share = 12 * MIB, 12 * MIB // 60
    turned = [(asked(n, n * 2.0, n * share, share, page=True), around(length=length)) for n in range(60)]
    assert judged(turned) == []
    taken = [(asked(n, n * 0.7, n * share, share, page=True), around(length=length)) for n in range(60)]
    assert judged(taken) == ["RANGE_SCRAPE MEDIUM", "RANGE_SCRAPE HIGH"]


@pytest.mark.rule("SHIELD-50", "SHIELD-46")
@pytest.mark.parametrize(
    ("agents", "expected"),
    [
        ("aaaa", []),
        ("ab", ["UA_CHANGED LOW"]),
        ("abbbbb", ["UA_CHANGED LOW"]),
        ("aba", ["UA_CHANGED LOW"]),
        ("abab", ["UA_CHANGED LOW", "TOKEN_REUSE HIGH"]),
        ("abc", ["UA_CHANGED LOW", "TOKEN_REUSE HIGH"]),
        ("bca", ["UA_CHANGED LOW", "TOKEN_REUSE HIGH"]),
    ],
)
def test_one_token_on_several_devices(agents: str, expected: list[str]) -> None:
    series = [(asked(number, number * 60.0), around(agent=one * 32)) for number, one in enumerate(agents)]
    assert judged(series) == expected
    shuffled = series.copy()
    random.Random(3).shuffle(shuffled)
    assert ("TOKEN_REUSE HIGH" in judged(shuffled)) == ("TOKEN_REUSE HIGH" in expected)


@pytest.mark.rule("SHIELD-50", "SHIELD-46")
@pytest.mark.parametrize(
    ("networks", "every", "expected"),
    [("abcd", 60, []), ("abcde", 60, ["IP_FLAPPING LOW"]), ("abcde", 200, []), ("abababababab", 10, [])],
)
def test_one_session_from_many_networks(networks: str, every: int, expected: list[str]) -> None:
    series = [(asked(number, number * every), around(network=one)) for number, one in enumerate(networks)]
    assert judged(series) == expected


@pytest.mark.rule("SHIELD-50")
@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::9", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("not an address", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_network_is_what_a_neighbour_shares(address: str | None, network: str) -> None:
    assert network_of(address) == network


@pytest.mark.rule("SHIELD-49")
def test_of_staff_only_the_token_is_looked_at() -> None:
    series = [(one, around(staff=True, stale=True)) for one, _ in ranges(40)]
    refused = [(asked(100 + n, 50.0, status=429), around(staff=True)) for n in range(40)]
    shared = [(asked(200 + n, 60.0 + n), around(agent="ab"[n % 2] * 32, staff=True)) for n in range(6)]
    assert judged([*series, *refused, *shared]) == ["UA_CHANGED LOW", "TOKEN_REUSE HIGH"]


@pytest.mark.rule("SHIELD-30", "SHIELD-50")
def test_order_and_repetition_of_messages_change_nothing() -> None:
    series = [*ranges(36), *((asked(100 + n, 40.0 + n / 10, status=429), around()) for n in range(12))]
    expected = judged(series)
    shuffled = [*series, *series]
    random.Random(8).shuffle(shuffled)
    assert expected == ["RANGE_SCRAPE HIGH", "TOO_MANY_REQUESTS LOW", "TOO_MANY_REQUESTS MEDIUM"]
    assert set(expected) <= set(judged(shuffled)) <= {*expected, "RANGE_SCRAPE MEDIUM"}
    known, _ = judging.after_request(Known(), *series[0])
    assert judging.after_request(known, *series[0]) == (known, [])


@pytest.mark.rule("SHIELD-50")
def test_what_is_remembered_is_bounded() -> None:
    known = Known()
    for number in range(2_000):
        agent, network = f"{number % 50:032}", f"n{number}"
        request = asked(number, number / 100, status=429 if number % 2 else 206)
        known, _ = judging.after_request(known, request, around(agent=agent, network=network))
    assert len(known.asked) <= judging.MOST_REQUESTS
    assert len(known.agents) <= judging.MOST_AGENTS + 1
    assert len(known.networks) <= judging.MOST_NETWORKS
    for number in range(20):
        known, _, _ = after_reports(known, [Report(ReportType.TAB_HIDDEN, number + n / 100) for n in range(50)])
    assert len(known.reports) <= judging.MOST_REPORTS


@pytest.mark.rule("SHIELD-57")
@pytest.mark.parametrize(
    ("types", "expected", "finding"),
    [
        (["TAB_HIDDEN"] * 30 + ["WINDOW_BLUR"] * 20, Action.NONE, None),
        (["RESIZE_ANOMALY", "ZOOM_ANOMALY"] * 10, Action.NONE, None),
        (["COPY_ATTEMPT"] * 4, Action.NONE, None),
        (["COPY_ATTEMPT", "PRINT_ATTEMPT", "SAVE_ATTEMPT", "COPY_ATTEMPT", "PRINT_ATTEMPT"], Action.WARN, "LOW"),
        (["CONTEXT_MENU"], Action.WARN, "LOW"),
        (["DEVTOOLS_OPEN"], Action.WARN, "LOW"),
        (["SCREENSHOT_KEY"], Action.WARN, "LOW"),
        (["SCREEN_RECORDING"], Action.WARN, "LOW"),
        (["CAPTURE_BLOCKED"], Action.WARN, "LOW"),
        (["PRINT_ATTEMPT"] * 14, Action.WARN, "LOW"),
        (["PRINT_ATTEMPT"] * 15, Action.BLUR, "MEDIUM"),
        (["SCREENSHOT_KEY"] * 8 + ["COPY_ATTEMPT"] * 7, Action.BLUR, "MEDIUM"),
        (["SCREENSHOT_KEY"] * 14 + ["TAB_HIDDEN"] * 30, Action.WARN, "LOW"),
    ],
)
def test_what_viewers_report(types: list[str], expected: Action, finding: str | None) -> None:
    reports = [Report(one, 1_000.0 + number) for number, one in enumerate(types)]
    known, findings, action = after_reports(Known(), reports)
    assert action is expected
    assert [f"{one.type} {one.severity}" for one in findings] == ([f"CLIENT_REPORT {finding}"] if finding else [])
    # The same once more says the same and finds nothing new; ten minutes later it is forgotten.
    assert after_reports(known, reports)[1:] == ([], expected)
    assert after_reports(known, [Report(ReportType.TAB_HIDDEN, 2_000.0)])[1:] == ([], Action.NONE)
