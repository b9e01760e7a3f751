"""Who read what from where, what viewers reported, and how much was noticed. Only this module knows the keys.

``ip`` and ``user_agent`` stand in clear in the access log alone (and in the register of view sessions): SHIELD-54.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from pynamodb.attributes import ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute

from chalicelib.platform.access.card import plain
from chalicelib.platform.ids import month_of, ulid_time
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

DAY_SECONDS = 86_400
USAGE_SECONDS = 100 * DAY_SECONDS
EVENT_SECONDS = 180 * DAY_SECONDS
STAT_SECONDS = 400 * DAY_SECONDS
WATCH_SECONDS = DAY_SECONDS
MAX_NOTE_IDS = 200


class NoteAccessLog(Item, discriminator="NoteAccessLog"):
    """One request for a note's bytes. All of it stands in ``row``, once, so that lists have it too.

    ``row``: ``id, user_id, note_id, view_session_id, kind`` (CONTENT, PAGE, PREVIEW, STAFF), ``status, bytes_served,
    request_id, created_at``, and where there is one ``ip, user_agent, range_start, range_end, page``. Of somebody
    whose account was erased ``user_id``, ``ip`` and ``user_agent`` are gone.
    """

    @staticmethod
    def place(note_id: str, line_id: str) -> Key:
        """Where a line is: in the month (UTC) of its id."""
        return Key(f"NLOG#{note_id}#{month_of(line_id)}", line_id)

    @classmethod
    def line(cls, facts: Mapping[str, Any], ttl: int) -> NoteAccessLog:
        """The item of the facts of ``row``; those that are None are left out."""
        row = {name: value for name, value in facts.items() if value is not None}
        line_id = str(row["id"])
        item = cls(*cls.place(str(row["note_id"]), line_id), row=row, ttl=ttl)
        item.gsi1pk, item.gsi1sk = f"NLOGUSER#{row['user_id']}", line_id
        item.gsi2pk, item.gsi2sk = f"NLOGDAY#{ulid_time(line_id):%Y-%m-%d}", line_id
        return item

    @property
    def facts(self) -> dict[str, Any]:
        """The row as a plain dict."""
        return plain(self.row)

    @staticmethod
    def of_note(note_id: str, month: str, **keys: Any) -> Query[NoteAccessLog]:
        """A note's log of a month (``2026-01``, UTC), newest first."""
        return Query(NoteAccessLog, f"NLOG#{note_id}#{month}", descending=True, **keys)

    @staticmethod
    def of_user(user_id: str, **keys: Any) -> Query[NoteAccessLog]:
        """What somebody read, newest first; ``between``: bounds of ids."""
        return Query(NoteAccessLog, f"NLOGUSER#{user_id}", "gsi1", descending=True, **keys)

    @staticmethod
    def of_day(day: str, **keys: Any) -> Query[NoteAccessLog]:
        """What everybody read on a day (``2026-01-31``, UTC), newest first."""
        return Query(NoteAccessLog, f"NLOGDAY#{day}", "gsi2", descending=True, **keys)


class ReadMark(Item, discriminator="ReadMark"):
    """That a request which has no line in the log was counted: what makes it counted once. Gone after a day."""

    @staticmethod
    def place(view_session_id: str, line_id: str) -> Key:
        """Where the mark of a request is."""
        return Key(f"VSESS#{view_session_id}", f"READ#{line_id}")


class NoteUsageDay(Item, discriminator="NoteUsageDay"):
    """How much somebody read on a day of the academy: requests that were answered, their bytes, which notes (at most
    200 are named), in how many view sessions; ``peak``: the most requests of one minute.
    """

    user_id = UnicodeAttribute()
    day = UnicodeAttribute()
    requests = NumberAttribute(default=0)
    bytes = NumberAttribute(default=0)
    note_ids = UnicodeSetAttribute(null=True)
    sessions = NumberAttribute(default=0)
    minute = NumberAttribute(default=0)
    minute_requests = NumberAttribute(default=0)
    peak = NumberAttribute(default=0)

    @staticmethod
    def place(user_id: str, day: date) -> Key:
        """Where somebody's usage of a day is."""
        return Key(f"USER#{user_id}", f"NOTEUSE#{day.isoformat()}")

    @staticmethod
    def of(user_id: str, first: date, last: date) -> Query[NoteUsageDay]:
        """Somebody's usage of the days from ``first`` to ``last``, both included."""
        bounds = (f"NOTEUSE#{first.isoformat()}", f"NOTEUSE#{last.isoformat()}")
        return Query(NoteUsageDay, f"USER#{user_id}", between=bounds)

    @staticmethod
    def ever_of(user_id: str) -> Query[NoteUsageDay]:
        """All that is kept of somebody's usage."""
        return Query(NoteUsageDay, f"USER#{user_id}", begins_with="NOTEUSE#", consistent=True)


class NoteViewEvent(Item, discriminator="NoteViewEvent"):
    """Something that a viewer reported (SHIELD-57). ``at``: by the reader's clock."""

    type = UnicodeAttribute()
    at = InstantAttribute()
    page = NumberAttribute(null=True)

    @staticmethod
    def place(view_session_id: str, event_id: str) -> Key:
        """Where a report is."""
        return Key(f"VSESS#{view_session_id}", f"EVENT#{event_id}")

    @staticmethod
    def of(view_session_id: str, **keys: Any) -> Query[NoteViewEvent]:
        """What was reported in a view session, newest first."""
        return Query(NoteViewEvent, f"VSESS#{view_session_id}", begins_with="EVENT#", descending=True, **keys)


class SessionWatch(Item, discriminator="SessionWatch"):
    """What is known of a view session for judging it, of the last minutes only; see ``judging``. Gone after a day.

    ``asked``, ``agents``, ``networks``, ``reports``: as ``judging.Known`` has them, records as lists. ``raised``:
    ``TYPE#SEVERITY`` → ``{id, until}``: the signal, and until when repetitions are counted on it. ``served``: requests
    that were answered; ``day``: the last one of the academy's on which there was one. ``registered_at``: when the
    register was told last (epoch seconds).
    """

    view_session_id = UnicodeAttribute()
    asked: ListAttribute[Any] = ListAttribute(default=list)
    agents: ListAttribute[Any] = ListAttribute(default=list)
    networks: MapAttribute[str, Any] = MapAttribute(default=dict)
    reports: ListAttribute[Any] = ListAttribute(default=list)
    raised: MapAttribute[str, Any] = MapAttribute(default=dict)
    score = NumberAttribute(default=0)
    served = NumberAttribute(default=0)
    registered_at = NumberAttribute(default=0)
    day = UnicodeAttribute(null=True)

    @staticmethod
    def place(view_session_id: str) -> Key:
        """Where a session's watch is."""
        return Key(f"VSESS#{view_session_id}", "WATCH")


class SignalStat(Item, discriminator="SignalStat"):
    """How much was noticed on a day of the academy: by type and severity, about a person, about a note's readers.

    ``sk``: ``TYPE#<type>#<severity>``, ``USER#<id>`` or ``NOTE#<id>``. ``score``: 1, 5, 20 for LOW, MEDIUM, HIGH.
    """

    times = NumberAttribute(default=0)
    score = NumberAttribute(default=0)

    @staticmethod
    def place(day: date, what: str) -> Key:
        """Where the count of something is."""
        return Key(f"SIGSTAT#{day.isoformat()}", what)

    @staticmethod
    def of_day(day: date) -> Query[SignalStat]:
        """All counts of a day."""
        return Query(SignalStat, f"SIGSTAT#{day.isoformat()}")

    @staticmethod
    def types_of_day(day: date) -> Query[SignalStat]:
        """A day's counts by type and severity."""
        return Query(SignalStat, f"SIGSTAT#{day.isoformat()}", begins_with="TYPE#")

    @property
    def about(self) -> tuple[str, ...]:
        """``("TYPE", type, severity)``, ``("USER", id)`` or ``("NOTE", id)``."""
        return tuple(str(self.sk).split("#"))


class LogHold(Item, discriminator="LogHold"):
    """That somebody's lines in the log are needed for a case: they keep who it was, even if the account goes."""

    user_id = UnicodeAttribute()
    case_id = UnicodeAttribute()
    created_at = InstantAttribute()

    @staticmethod
    def place(user_id: str, case_id: str) -> Key:
        """Where the hold of a case is."""
        return Key(f"USER#{user_id}", f"LOGHOLD#{case_id}")

    @staticmethod
    def of(user_id: str) -> Query[LogHold]:
        """The holds on somebody's lines."""
        return Query(LogHold, f"USER#{user_id}", begins_with="LOGHOLD#", consistent=True)


class SignalNotice(Item, discriminator="SignalNotice"):
    """When people were last written to about signals of HIGH: at most once an hour."""

    sent_at = NumberAttribute()

    @staticmethod
    def place() -> Key:
        """There is one."""
        return Key("SIGNALNOTICE", "SIGNALNOTICE")


_DAY = date(2026, 1, 31)
PATTERNS = (
    AccessPattern("who read a note, of a month", NoteAccessLog.of_note("<note>", "<month>"), 0.5, consistent=False),
    AccessPattern("what somebody read", NoteAccessLog.of_user("<user>"), 0.5, consistent=False),
    AccessPattern("what everybody read on a day", NoteAccessLog.of_day("<day>"), 0.5, consistent=False),
    AccessPattern("how much somebody read, by days", NoteUsageDay.of("<user>", _DAY, _DAY), 0.5, consistent=False),
    AccessPattern("what is kept of somebody's reading who is erased", NoteUsageDay.ever_of("<user>"), 1),
    AccessPattern("what a viewer reported", NoteViewEvent.of("<view session>"), 0.5, consistent=False),
    AccessPattern("what is known of a view session for judging it", SessionWatch.place("<view session>"), 1),
    AccessPattern("how much was noticed on a day", SignalStat.of_day(_DAY), 0.5, consistent=False),
    AccessPattern("how much was noticed on a day, by type", SignalStat.types_of_day(_DAY), 0.5, consistent=False),
    AccessPattern("cases that need somebody's lines", LogHold.of("<user>"), 1),
)
