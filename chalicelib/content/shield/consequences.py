"""What a finding about a view session does (SHIELD-51, SHIELD-52): a signal, a score, a session that is held shorter.

Nobody is blocked or banned here: people decide.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content.reading import NoteReader, ViewSession
from chalicelib.content.shield.items import WATCH_SECONDS, SessionWatch
from chalicelib.content.shield.judging import SCORES, WINDOW_SECONDS, Asked, Finding, Known, Report
from chalicelib.content.shield.settings import SHIELD_STRICT_SCORE
from chalicelib.platform import clock, signals, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.records import frozen
from chalicelib.platform.store import Transaction

REGISTER_EVERY = 30


@frozen
class Watched:
    """A view session's watch as it is to be kept. ``version``: as it was read; 0 where there was none."""

    session_id: str
    user_id: str
    note_id: str
    known: Known
    raised: Mapping[str, Any]
    score: int = 0
    served: int = 0
    day: str | None = None
    registered_at: int = 0
    version: int = 0
    tells_register: bool = False

    @classmethod
    def of(cls, watch: SessionWatch | None, session_id: str, user_id: str, note_id: str) -> Watched:
        """What an item says; nothing of a session that was not watched yet."""
        if watch is None:
            return cls(session_id, user_id, note_id, Known(), {})
        known = Known(
            tuple(Asked(*_plain(one)) for one in watch.asked or ()),
            tuple((str(one[0]), str(one[1])) for one in watch.agents or ()),
            plain(watch.networks),
            tuple(Report(*_plain(one)) for one in watch.reports or ()),
        )
        return cls(
            session_id,
            user_id,
            note_id,
            known,
            plain(watch.raised),
            int(watch.score),
            int(watch.served),
            watch.day,
            int(watch.registered_at),
            int(watch.version),
        )

    def after(self, known: Known, at: datetime, *, served: bool) -> Watched:
        """With one more request."""
        day, second = clock.academy_day(at).isoformat(), int(at.timestamp())
        tells = second >= self.registered_at + REGISTER_EVERY
        return dataclasses.replace(
            self,
            known=known,
            served=self.served + int(served),
            day=max(day, self.day or day) if served else self.day,
            registered_at=second if tells else self.registered_at,
            tells_register=tells,
        )

    @property
    def strict(self) -> bool:
        """Whether the session has a quarter of the limit from now on."""
        return self.score >= SHIELD_STRICT_SCORE()


def _plain(one: Any) -> list[Any]:
    return list(one)


def keep(
    tx: Transaction,
    watched: Watched,
    findings: Sequence[Finding],
    at: datetime,
    *,
    without_reader: bool = False,
) -> Watched:
    """Add the watch, the signals of the findings and what they do to the session; the watch as it is kept.

    The actions are named ``watch``, ``signal`` and ``reader``: the last loses when the reader's item has forgotten the
    session; then ``without_reader``.
    """
    raised, score = dict(watched.raised), watched.score
    for one in findings:
        score += _raise(tx, watched, one, raised, at)
    kept = dataclasses.replace(watched, raised=raised, score=score)
    _put(tx, kept, at)
    if score > watched.score and not without_reader:
        _tell_reader(tx, kept, at)
    return kept


def _raise(tx: Transaction, watched: Watched, found: Finding, raised: dict[str, Any], at: datetime) -> int:
    """Add a signal, or that one of the last ten minutes was noticed again; by how much the score grows."""
    name, second = f"{found.type}#{found.severity}", int(at.timestamp())
    before = raised.get(name)
    if before is not None and second < int(before["until"]):
        signals.add_again(tx, str(before["id"]))
        return 0
    own_id = signals.add(
        tx,
        found.type,
        found.severity,
        user_id=watched.user_id,
        session_id=watched.session_id,
        note_id=watched.note_id,
        meta=found.meta,
    )
    raised[name] = {"id": own_id, "until": second + WINDOW_SECONDS}
    return SCORES[found.severity]


def _put(tx: Transaction, kept: Watched, at: datetime) -> None:
    place, known = SessionWatch.place(kept.session_id), kept.known
    item = SessionWatch(
        place.pk,
        place.sk,
        view_session_id=kept.session_id,
        asked=[list(dataclasses.astuple(one)) for one in known.asked],
        agents=[list(one) for one in known.agents],
        networks=dict(known.networks),
        reports=[list(dataclasses.astuple(one)) for one in known.reports],
        raised=dict(kept.raised),
        score=kept.score,
        served=kept.served,
        registered_at=kept.registered_at,
        day=kept.day,
        version=kept.version + 1,
        ttl=int(at.timestamp()) + WATCH_SECONDS,
    )
    same = SessionWatch.version == kept.version if kept.version else store.absent(SessionWatch)
    tx.put(item, when=same, name="watch")


def _tell_reader(tx: Transaction, kept: Watched, at: datetime) -> None:
    path = ViewSession(kept.session_id, {}).path
    actions: list[Any] = [path["score"].set(kept.score)]
    if kept.strict:
        actions += [path["strict"].set(True), path["strict_at"].set(path["strict_at"] | int(at.timestamp()))]
    there = cast(Condition, path["token_hash"].exists())
    tx.update(NoteReader, NoteReader.place(kept.user_id, kept.note_id), actions, when=there, name="reader")
