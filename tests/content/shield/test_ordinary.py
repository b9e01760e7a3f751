"""Ordinary readers never trip (SHIELD-53): what the real PDF.js asked for, at the pace of people.

``patterns.json`` was recorded with ``record.mjs`` and PDF.js 5.4.296 on packed scans of 12, 40 and 100 MB (60, 300 and
100 pages of one picture each): per page that was shown, the ranges of bytes that were asked for.
"""

from __future__ import annotations

import json
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import pytest

from chalicelib.content.shield import judging
from chalicelib.content.shield.judging import Around, Asked, Finding, Known
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.content.shield.reading import Reading
from tests.support.races import to_next_window

PATTERNS: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("patterns.json").read_text("utf-8"))
PHONE, LAPTOP = "a" * 32, "b" * 32
CHUNK, LATENCY = 524_288, 0.15
LIMIT, WINDOW = 60, 120


def read(name: str, pace: float) -> list[Asked]:
    """The requests of a pattern, a page every ``pace`` seconds, each request a moment after the one before."""
    found: list[Asked] = []
    for step, asked in enumerate(PATTERNS[name]["steps"]):
        for place, (first, last) in enumerate(asked):
            at = step * pace + place * LATENCY
            found.append(Asked(f"{len(found):05}", at, 206, first, last, last - first + 1))
    return found


def judged(name: str, asked: list[Asked], agent: str = PHONE, networks: str = "h") -> list[Finding]:
    """What a whole session looks like; its requests come from these networks in turn."""
    known, found = Known(), []
    length = PATTERNS[name]["length"]
    for one, network in zip(asked, islice(cycle(networks), len(asked)), strict=True):
        known, findings = judging.after_request(known, one, Around(agent, agent, network, length))
        found += findings
    return found


@pytest.mark.rule("SHIELD-53")
@pytest.mark.parametrize(
    ("name", "pace"),
    [
        ("cold start", 1.0),
        ("at the last page", 1.0),
        ("an hour, sixty pages", 60.0),
        ("an hour, sixty pages", 10.0),
        ("an hour, a small scan", 60.0),
        ("an hour, a small scan", 3.0),
        ("zooming", 1.0),
        ("back and forth", 2.0),
        ("every tenth page", 2.0),
        ("leafing", 1.5),
    ],
)
def test_no_reader_trips_whatever_they_do(name: str, pace: float) -> None:
    asked = read(name, pace)
    assert asked
    assert judged(name, asked) == []
    for first in asked:
        assert sum(0 <= one.at - first.at < WINDOW for one in asked) <= LIMIT


@pytest.mark.rule("SHIELD-53")
@pytest.mark.parametrize("networks", ["hm", "hhhhm", "hmw", "hmhw"])
def test_a_phone_that_moves_between_networks_is_no_signal(networks: str) -> None:
    name = "an hour, a small scan"
    assert judged(name, read(name, 60.0), networks=networks) == []


@pytest.mark.rule("SHIELD-53")
def test_what_pdfjs_asks_for_first_is_little_of_a_large_file() -> None:
    for name in ("cold start", "at the last page"):
        asked = read(name, 1.0)
        assert len(asked) <= 6
        assert sum(one.bytes for one in asked) <= 4 * CHUNK
    again = PATTERNS["zooming"]["steps"]
    assert again[0]
    assert again[1:] == [[]] * 5


@pytest.mark.rule("SHIELD-53", "SHIELD-46")
def test_a_reader_with_two_devices_and_two_networks_meets_neither_limit_nor_signal(cloud: Emulator, desk: Desk) -> None:
    reading = Reading(desk, pdf(2, filler=2_000_000))
    to_next_window(cloud, 120)
    sessions = []
    for agent, address in ((PHONE, "203.0.113.7"), (LAPTOP, "198.51.100.9")):
        reading.agent, reading.source_ip = agent, address
        reading.open()
        sessions.append((agent, reading.token))
    for number in range(12):
        reading.agent, reading.token = sessions[number % 2]
        source = "203.0.113.7" if number % 3 else "100.64.1.1"
        assert reading.ask(number * 1_000, number * 1_000 + 999, source_ip=source).status == 206
    cloud.drain()
    assert reading.signals() == {}
    assert len(reading.log()) == 12
    session = reading.session()
    assert (int(session["score"]), bool(session["strict"])) == (0, False)
