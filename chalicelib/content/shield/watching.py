"""What follows from a request for a note's bytes (SHIELD-30): log, usage, signals, consequences, in one transaction.

A line of the log, or a mark where the request has none, makes each request counted once; the watch's version makes
judgements of one session follow each other. The session is revoked before that is kept: whoever breaks off between
comes again and finds it ended.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from chalicelib.content.reading import REUSE, SCRAPE, NoteViewSession, revoke
from chalicelib.content.shield import consequences, judging
from chalicelib.content.shield.consequences import Watched
from chalicelib.content.shield.events import NoteAsked, ViewSessionRenewed
from chalicelib.content.shield.items import (
    DAY_SECONDS,
    MAX_NOTE_IDS,
    USAGE_SECONDS,
    NoteAccessLog,
    NoteUsageDay,
    ReadMark,
    SessionWatch,
)
from chalicelib.content.shield.judging import Around, Asked, Finding
from chalicelib.content.shield.networks import network_of
from chalicelib.content.shield.settings import LOG_NOTE_ACCESS_SAMPLE_RATE, NOTE_LOG_DAYS, SHIELD_REVOKE_ON_HIGH
from chalicelib.platform import clock, sealing, store
from chalicelib.platform.errors import Conflict
from chalicelib.platform.records import frozen
from chalicelib.platform.signals import Severity, SignalType
from chalicelib.platform.store import Transaction, TransactionLost

TRIES = 8
BANNED = 403
STAFF, PAGE = "STAFF", "PAGE"
REASONS = {SignalType.RANGE_SCRAPE: SCRAPE, SignalType.TOKEN_REUSE: REUSE}


@frozen
class _Who:
    ip: str | None
    user_agent: str | None


def follow(asked: NoteAsked) -> list[Finding]:
    """Log, count and judge one request; what it looks like. Harmless when repeated. Two round trips.

    Raises ``Conflict`` when others kept judging requests of the same session.
    """
    who = _who(asked)
    left_out: set[str] = set()
    for _ in range(TRIES):
        watch, usage = _known(asked)
        tx = Transaction()
        findings: list[Finding] = []
        if asked.view_session_id is not None:
            watched, findings = _judged(asked, who, watch)
            _revoke(asked, findings)
            consequences.keep(tx, watched, findings, asked.at, without_reader="reader" in left_out)
            if watched.tells_register and "register" not in left_out:
                _tell_register(tx, asked)
        _log_and_count(tx, asked, who, watch, usage)
        if not len(tx):
            return findings
        try:
            tx.commit()
        except TransactionLost as lost:
            if lost.failed("once"):
                return []
            left_out |= {name for name in ("reader", "register") if lost.failed(name)}
            continue
        return findings
    raise Conflict


def _who(asked: NoteAsked) -> _Who:
    opened = json.loads(sealing.unseal(asked.who, about=asked.id))
    return _Who(opened["ip"], opened["userAgent"] or None)


def _known(asked: NoteAsked) -> tuple[SessionWatch | None, NoteUsageDay | None]:
    keys = [NoteUsageDay.place(asked.user_id, clock.academy_day(asked.at))]
    if asked.view_session_id is not None:
        keys.append(SessionWatch.place(asked.view_session_id))
    usage, *rest = store.get_many(keys)
    watch = rest[0] if rest else None
    return (
        watch if isinstance(watch, SessionWatch) else None,
        usage if isinstance(usage, NoteUsageDay) else None,
    )


def _judged(asked: NoteAsked, who: _Who, watch: SessionWatch | None) -> tuple[Watched, list[Finding]]:
    watched = Watched.of(watch, asked.view_session_id or "", asked.user_id, asked.note_id)
    network = sealing.pseudonym("network", network_of(who.ip))
    around = Around(
        agent=asked.agent,
        opened_agent=asked.opened_agent or asked.agent,
        network=network[:16],
        length=asked.content_length,
        stale=asked.stale,
        staff=asked.kind == STAFF,
    )
    known, findings = judging.after_request(watched.known, _as_asked(asked), around)
    return watched.after(known, asked.at, served=_served(asked)), findings


def _as_asked(asked: NoteAsked) -> Asked:
    """A single page stands for its share of the file."""
    own = Asked(asked.id, asked.at.timestamp(), asked.status, bytes=asked.bytes)
    if asked.page is not None and asked.page_count:
        first = (asked.page - 1) * asked.content_length // asked.page_count
        last = asked.page * asked.content_length // asked.page_count - 1
        return dataclasses.replace(own, first=first, last=last, page=True)
    if asked.range_start is None or asked.range_end is None:
        return own
    return dataclasses.replace(own, first=asked.range_start, last=asked.range_end)


def _served(asked: NoteAsked) -> bool:
    return 200 <= asked.status < 300


def _revoke(asked: NoteAsked, findings: list[Finding]) -> None:
    reason = next(
        (REASONS[one.type] for one in findings if one.severity is Severity.HIGH and one.type in REASONS), None
    )
    if reason is not None and SHIELD_REVOKE_ON_HIGH():
        revoke(asked.user_id, asked.note_id, asked.view_session_id or "", reason)


def _tell_register(tx: Transaction, asked: NoteAsked) -> None:
    session_id = asked.view_session_id or ""
    tx.update(
        NoteViewSession,
        NoteViewSession.place(session_id),
        [NoteViewSession.last_seen_at.set(asked.at)],
        when=store.present(NoteViewSession),
        name="register",
    )


def _log_and_count(
    tx: Transaction, asked: NoteAsked, who: _Who, watch: SessionWatch | None, usage: NoteUsageDay | None
) -> None:
    served = _served(asked)
    first = asked.view_session_id is not None and (watch is None or not watch.served)
    if asked.status == BANNED or (served and (first or asked.strict or _sampled(asked.id))):
        tx.put(_line(asked, who), when=store.absent(NoteAccessLog), name="once")
    elif served:
        place = ReadMark.place(asked.view_session_id or asked.user_id, asked.id)
        mark = ReadMark(*place, ttl=int(asked.at.timestamp()) + DAY_SECONDS)
        tx.put(mark, when=store.absent(ReadMark), name="once")
    if served:
        same = store.absent(NoteUsageDay) if usage is None else NoteUsageDay.version == usage.version
        tx.put(_counted(asked, watch, usage), when=same, name="usage")


def _sampled(line_id: str) -> bool:
    """Whether a request belongs to the sample: the same answer whenever it is asked."""
    share = int.from_bytes(hashlib.sha256(line_id.encode()).digest()[:4]) / 2**32
    return share < LOG_NOTE_ACCESS_SAMPLE_RATE()


def _line(asked: NoteAsked, who: _Who) -> NoteAccessLog:
    facts = {
        "id": asked.id,
        "user_id": asked.user_id,
        "note_id": asked.note_id,
        "view_session_id": asked.view_session_id,
        "kind": asked.kind,
        "ip": who.ip,
        "user_agent": who.user_agent,
        "range_start": asked.range_start,
        "range_end": asked.range_end,
        "page": asked.page,
        "bytes_served": asked.bytes,
        "status": asked.status,
        "request_id": asked.request_id,
        "created_at": clock.iso(asked.at),
    }
    return NoteAccessLog.line(facts, int(asked.at.timestamp()) + NOTE_LOG_DAYS() * DAY_SECONDS)


def _counted(asked: NoteAsked, watch: SessionWatch | None, usage: NoteUsageDay | None) -> NoteUsageDay:
    """The day's usage with one more request."""
    day = clock.academy_day(asked.at)
    place = NoteUsageDay.place(asked.user_id, day)
    found = NoteUsageDay(*place, user_id=asked.user_id, day=day.isoformat()) if usage is None else usage
    expires = int(clock.day_start(day).timestamp()) + USAGE_SECONDS
    minute = int(asked.at.timestamp()) // 60
    if minute > int(found.minute):
        found.minute, found.minute_requests = minute, 0
    if minute == int(found.minute):
        found.minute_requests = int(found.minute_requests) + 1
    named = set(found.note_ids or ())
    new_session = asked.view_session_id is not None and (watch is None or (watch.day or "") < day.isoformat())
    found.requests = int(found.requests) + 1
    found.bytes = int(found.bytes) + asked.bytes
    found.sessions = int(found.sessions) + int(new_session)
    found.peak = max(int(found.peak), int(found.minute_requests))
    found.note_ids = named if len(named) >= MAX_NOTE_IDS else named | {asked.note_id}
    found.ttl = expires
    return found if usage is None else store.became(found, {})


def keep_renewal(renewed: ViewSessionRenewed) -> None:
    """Let the register know until when a session lives; an older renewal changes nothing."""
    until = datetime.fromtimestamp(renewed.expires_at, UTC)
    actions: list[Any] = [
        NoteViewSession.expires_at.set(until),
        NoteViewSession.row["expires_at"].set(clock.iso(until)),
        NoteViewSession.renewals.set(renewed.renewals),
    ]
    try:
        store.update(
            NoteViewSession,
            NoteViewSession.place(renewed.view_session_id),
            actions,
            when=NoteViewSession.renewals < renewed.renewals,
        )
    except store.ConditionFailed:
        return
