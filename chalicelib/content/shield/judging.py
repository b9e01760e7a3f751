"""What requests and reports of a view session look like (SHIELD-50, SHIELD-57): pure functions, no table, no clock.

``Known`` is what is remembered of a session, of the last minutes only. Each judgement takes what is known and what
happened, and answers what is known then and what it looks like. Messages come in any order and more than once: what
counts is when a request was made, by its id.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import Any

from chalicelib.platform import settings
from chalicelib.platform.records import frozen
from chalicelib.platform.signals import Severity, SignalType

REFUSALS_LOW = settings.integer("SHIELD_REFUSALS_LOW", default=3, minimum=1, maximum=1_000)
REFUSALS_MEDIUM = settings.integer("SHIELD_REFUSALS_MEDIUM", default=10, minimum=1, maximum=1_000)
REFUSALS_HIGH = settings.integer("SHIELD_REFUSALS_HIGH", default=30, minimum=1, maximum=1_000)
SCRAPE_MIN_BYTES = settings.integer("SHIELD_SCRAPE_MIN_BYTES", default=8_388_608, minimum=65_536)
SCRAPE_PERCENT = settings.integer("SHIELD_SCRAPE_PERCENT", default=75, minimum=10, maximum=100)
SCRAPE_SECONDS = settings.integer("SHIELD_SCRAPE_SECONDS", default=60, minimum=5, maximum=120)
SCRAPE_HIGH_PERCENT = settings.integer("SHIELD_SCRAPE_HIGH_PERCENT", default=90, minimum=10, maximum=100)
SCRAPE_HIGH_SECONDS = settings.integer("SHIELD_SCRAPE_HIGH_SECONDS", default=45, minimum=5, maximum=120)
SCRAPE_RUN = settings.integer("SHIELD_SCRAPE_RUN", default=30, minimum=5, maximum=100)
REUSE_CHANGES = settings.integer("SHIELD_REUSE_CHANGES", default=3, minimum=2, maximum=10)
REUSE_AGENTS = settings.integer("SHIELD_REUSE_AGENTS", default=3, minimum=2, maximum=10)
NETWORKS = settings.integer("SHIELD_NETWORKS", default=5, minimum=2, maximum=100)
COPIES_WARN = settings.integer("SHIELD_COPIES_WARN", default=5, minimum=1, maximum=100)
REPORTS_BLUR = settings.integer("SHIELD_REPORTS_BLUR", default=15, minimum=2, maximum=100)

WINDOW_SECONDS = 600
RUN_SECONDS = 120
OVERTAKING_SECONDS = 3.0
"""So long after its successor a range may come and still adjoin it: several connections overtake each other."""
BLOCKS = 64
MOST_REQUESTS, MOST_AGENTS, MOST_NETWORKS, MOST_REPORTS = 200, 24, 30, 200
LIMITED, OK, PARTIAL = 429, 200, 206
SCORES: Mapping[str, int] = {Severity.LOW: 1, Severity.MEDIUM: 5, Severity.HIGH: 20}


class ReportType(StrEnum):
    """What a viewer can report."""

    TAB_HIDDEN = "TAB_HIDDEN"
    WINDOW_BLUR = "WINDOW_BLUR"
    RESIZE_ANOMALY = "RESIZE_ANOMALY"
    ZOOM_ANOMALY = "ZOOM_ANOMALY"
    PRINT_ATTEMPT = "PRINT_ATTEMPT"
    SAVE_ATTEMPT = "SAVE_ATTEMPT"
    COPY_ATTEMPT = "COPY_ATTEMPT"
    CONTEXT_MENU = "CONTEXT_MENU"
    DEVTOOLS_OPEN = "DEVTOOLS_OPEN"
    SCREENSHOT_KEY = "SCREENSHOT_KEY"
    SCREEN_RECORDING = "SCREEN_RECORDING"
    CAPTURE_BLOCKED = "CAPTURE_BLOCKED"


class Action(StrEnum):
    """What the viewer is asked to do."""

    NONE = "NONE"
    WARN = "WARN"
    BLUR = "BLUR"


COPIES = frozenset({ReportType.PRINT_ATTEMPT, ReportType.SAVE_ATTEMPT, ReportType.COPY_ATTEMPT})
GRAVE = frozenset(
    {
        ReportType.CONTEXT_MENU,
        ReportType.DEVTOOLS_OPEN,
        ReportType.SCREENSHOT_KEY,
        ReportType.SCREEN_RECORDING,
        ReportType.CAPTURE_BLOCKED,
    }
)


@frozen
class Asked:
    """One request. ``at``: epoch seconds; ``first``, ``last``: the bytes that were sent; of a single page, its share of
    the file. ``page``: whether it was one, which adjoins nothing.
    """

    id: str
    at: float
    status: int
    first: int = 0
    last: int = -1
    bytes: int = 0
    page: bool = False


@frozen
class Report:
    """One report of a viewer; ``at``: epoch seconds by the reader's clock."""

    type: str
    at: float


@frozen
class Known:
    """``agents``: id of a request and hash of its user agent, where that begins and ends; first that of the opening.
    ``networks``: keyed hash → when last.
    """

    asked: tuple[Asked, ...] = ()
    agents: tuple[tuple[str, str], ...] = ()
    networks: Mapping[str, float] = dataclasses.field(default_factory=dict)
    reports: tuple[Report, ...] = ()


@frozen
class Finding:
    """What something looks like."""

    type: SignalType
    severity: Severity
    meta: Mapping[str, Any]


@frozen
class Around:
    """What else is to be known of a request. ``length``: of the file; ``staff``: read as staff (SHIELD-49)."""

    agent: str
    opened_agent: str
    network: str
    length: int
    stale: bool = False
    staff: bool = False


def after_request(known: Known, asked: Asked, around: Around) -> tuple[Known, list[Finding]]:
    """Judge one more request of a session; the same one again changes nothing."""
    if any(one.id == asked.id for one in known.asked):
        return known, []
    every = _recent([*known.asked, asked])
    agents, changed = _with_agent(known.agents, asked.id, around)
    networks, new = _with_network(known.networks, around.network, asked.at)
    findings = [_shared(agents)] if changed else []
    if new and len(networks) >= NETWORKS():
        findings.append(Finding(SignalType.IP_FLAPPING, Severity.LOW, {"networks": len(networks)}))
    if not around.staff:
        findings += [*_refused(every, asked), *_scraped(every, asked, around.length)]
        if around.stale:
            findings.append(Finding(SignalType.WATERMARK_STALE, Severity.MEDIUM, {}))
    return dataclasses.replace(known, asked=every, agents=agents, networks=networks), findings


def _recent(every: Iterable[Asked]) -> tuple[Asked, ...]:
    """In order, of the last two minutes; those refused by the limit of the last ten."""
    ordered = sorted(every, key=lambda one: (one.at, one.id))
    end = ordered[-1].at
    kept = [one for one in ordered if end - one.at < (WINDOW_SECONDS if one.status == LIMITED else RUN_SECONDS)]
    return tuple(kept[-MOST_REQUESTS:])


def _refused(every: Sequence[Asked], asked: Asked) -> list[Finding]:
    if asked.status != LIMITED:
        return []
    count = sum(one.status == LIMITED for one in every)
    levels = ((REFUSALS_HIGH(), Severity.HIGH), (REFUSALS_MEDIUM(), Severity.MEDIUM), (REFUSALS_LOW(), Severity.LOW))
    severity = next((one for least, one in levels if count >= least), None)
    return [Finding(SignalType.TOO_MANY_REQUESTS, severity, {"refused": count})] if severity else []


def _scraped(every: Sequence[Asked], asked: Asked, length: int) -> list[Finding]:
    """Much of a file in a short time, or one range after the other: more than anybody reads."""
    if asked.status not in (OK, PARTIAL) or length <= SCRAPE_MIN_BYTES():
        return []
    read = [one for one in every if one.status in (OK, PARTIAL) and one.last >= one.first]
    run = longest_run([one for one in read if not one.page])
    share = _share(read, asked.at, SCRAPE_HIGH_SECONDS(), length)
    if run >= SCRAPE_RUN() or share >= SCRAPE_HIGH_PERCENT():
        return [Finding(SignalType.RANGE_SCRAPE, Severity.HIGH, {"percent": share, "run": run})]
    share = _share(read, asked.at, SCRAPE_SECONDS(), length)
    if share >= SCRAPE_PERCENT():
        return [Finding(SignalType.RANGE_SCRAPE, Severity.MEDIUM, {"percent": share, "run": run})]
    return []


def _share(read: Sequence[Asked], end: float, seconds: int, length: int) -> int:
    """How much of a file was taken in so many seconds, in whole per cent: of its 64ths and of its bytes, the less."""
    within = [one for one in read if 0 <= end - one.at <= seconds]
    touched: set[int] = set()
    for one in within:
        touched.update(range(one.first * BLOCKS // length, min(BLOCKS - 1, one.last * BLOCKS // length) + 1))
    blocks, taken = 100 * len(touched) // BLOCKS, 100 * sum(one.bytes for one in within) // length
    return min(blocks, taken, 100)


@dataclasses.dataclass
class _Run:
    first: int
    last: int
    count: int
    began: float


def longest_run(read: Sequence[Asked]) -> int:
    """How many ranges adjoin in ascending order, whatever is asked for between them; ``read`` in order of time."""
    runs: list[_Run] = []
    longest = 0
    for one in read:
        own = _Run(one.first, one.last, 1, one.at)
        before = next((run for run in runs if run.first < own.first <= run.last + 1 <= own.last), None)
        if before is not None:
            runs.remove(before)
            own = _Run(before.first, own.last, before.count + 1, before.began)
        overtaken = [run for run in runs if run.first == own.last + 1 and one.at - run.began <= OVERTAKING_SECONDS]
        for run in overtaken:
            runs.remove(run)
            own = _Run(own.first, run.last, own.count + run.count, min(own.began, run.began))
        runs.append(own)
        longest = max(longest, own.count)
    return longest


def _with_agent(
    agents: tuple[tuple[str, str], ...], request_id: str, around: Around
) -> tuple[tuple[tuple[str, str], ...], bool]:
    """The first and last requests by each user agent in turn with one more, and whether it made another change."""
    known = agents or (("", around.opened_agent),)
    ordered = sorted([*known, (request_id, around.agent)])
    own = [agent for _, agent in ordered]
    inner = {place for place in range(1, len(own) - 1) if own[place - 1] == own[place] == own[place + 1]}
    kept = [one for place, one in enumerate(ordered) if place not in inner]
    return (kept[0], *kept[1:][-MOST_AGENTS:]), changes_in(kept) > changes_in(known)


def changes_in(agents: Sequence[tuple[str, str]]) -> int:
    """How often the user agent changed."""
    return sum(one[1] != following[1] for one, following in pairwise(agents))


def _shared(agents: Sequence[tuple[str, str]]) -> Finding:
    changes, different = changes_in(agents), len({agent for _, agent in agents})
    meta = {"changes": changes, "agents": different}
    if changes >= REUSE_CHANGES() or different >= REUSE_AGENTS():
        return Finding(SignalType.TOKEN_REUSE, Severity.HIGH, meta)
    return Finding(SignalType.UA_CHANGED, Severity.LOW, meta)


def _with_network(networks: Mapping[str, float], network: str, at: float) -> tuple[dict[str, float], bool]:
    """The networks of the last ten minutes with one more request, and whether it came from another one."""
    recent = {name: last for name, last in networks.items() if abs(at - last) < WINDOW_SECONDS}
    new = network not in recent
    found = {**recent, network: max(at, recent.get(network, at))}
    newest = sorted(found, key=lambda name: found[name])[-MOST_NETWORKS:]
    return {name: found[name] for name in newest}, new


def after_reports(known: Known, reports: Sequence[Report]) -> tuple[Known, list[Finding], Action]:
    """Judge what a viewer reported; a report that came before counts once. At most one finding."""
    fresh = [one for one in dict.fromkeys(reports) if one not in known.reports]
    every = tuple(sorted([*known.reports, *fresh], key=lambda one: one.at)[-MOST_REPORTS:])
    judged = [(one, *_level(every, one.at)) for one in reports]
    action = max((level for _, level, _ in judged), key=list(Action).index, default=Action.NONE)
    telling = [
        (level, meta) for one, level, meta in judged if one in fresh and one.type in GRAVE | COPIES and level != "NONE"
    ]
    findings = []
    if telling:
        level, meta = max(telling, key=lambda one: list(Action).index(one[0]))
        severity = Severity.MEDIUM if level is Action.BLUR else Severity.LOW
        findings.append(Finding(SignalType.CLIENT_REPORT, severity, meta))
    return dataclasses.replace(known, reports=every), findings, action


def _level(every: Sequence[Report], end: float) -> tuple[Action, dict[str, int]]:
    """What ten minutes of reports ask for. Hidden tabs and windows without focus alone ask for nothing."""
    types = [one.type for one in every if 0 <= end - one.at < WINDOW_SECONDS]
    copies, grave = sum(one in COPIES for one in types), sum(one in GRAVE for one in types)
    meta = {"copies": copies, "grave": grave}
    if copies + grave >= REPORTS_BLUR():
        return Action.BLUR, meta
    return (Action.WARN if grave or copies >= COPIES_WARN() else Action.NONE), meta
