"""A reader and what the shield keeps of them: what the tests of this folder share."""

from __future__ import annotations

from typing import Any

from chalicelib.content.reading import NoteReader, NoteViewSession
from chalicelib.content.shield import NoteAccessLog, NoteUsageDay
from chalicelib.content.shield.events import NoteAsked, reader_events
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.events.changes import Change
from chalicelib.platform.signals import SecuritySignal
from tests.content.desk import Desk
from tests.support.client import Response
from tests.support.people import Person

PHONE = "Mozilla/5.0 (Linux; Android 15) Chrome/140"


class Reading:
    """A student who reads a note: ``ask`` for content, and see what is known of it."""

    def __init__(self, desk: Desk, content: bytes, reader: Person | None = None, **note: Any) -> None:
        self.desk, self.note = desk, desk.note(content=content, **note)
        self.reader = reader or desk.student()
        self.agent, self.source_ip = PHONE, "198.51.100.7"
        self.session_id, self.token = "", ""
        self.open()

    def open(self, **headers: str) -> dict[str, Any]:
        """A new view session, which the next requests belong to."""
        answer = self.desk.client.post(
            f"/v1/notes/{self.note['id']}/view-session",
            token=self.reader.token,
            headers={"User-Agent": self.agent, **headers},
            source_ip=self.source_ip,
            expect=201,
        ).json
        self.session_id, self.token = answer["viewSessionId"], answer["viewToken"]
        return dict(answer)

    def ask(self, first: int | None = 0, last: int = 9, method: str = "GET", **more: Any) -> Response:
        """A request for content: of a range, or without one."""
        headers = {"X-View-Token": self.token, "User-Agent": more.pop("agent", self.agent), **more.pop("headers", {})}
        if first is not None:
            headers["Range"] = f"bytes={first}-{last}"
        return self.desk.client.call(
            method,
            f"/v1/notes/{self.note['id']}/content",
            token=self.reader.token,
            headers=headers,
            source_ip=more.pop("source_ip", self.source_ip),
            **more,
        )

    def report(self, *types: str, at: str | None = None, expect: int | None = 200, **headers: str) -> Response:
        """What the viewer reports, all at one moment unless they differ."""
        events = [{"type": one, "at": at or clock.iso(clock.now())} for one in types]
        return self.desk.client.post(
            f"/v1/notes/{self.note['id']}/view-events",
            token=self.reader.token,
            headers={"X-View-Token": self.token, **headers},
            json={"events": events},
            expect=expect,
        )

    def log(self) -> list[dict[str, Any]]:
        """The reader's lines, oldest first."""
        return [line.facts for line in reversed(store.every(NoteAccessLog.of_user(self.reader.id)))]

    def usage(self) -> NoteUsageDay:
        """What was used today."""
        found = store.get(NoteUsageDay, NoteUsageDay.place(self.reader.id, clock.academy_day(clock.now())))
        assert found is not None
        return found

    def session(self) -> dict[str, Any]:
        """The session as the reader's item has it."""
        found = store.get(NoteReader, NoteReader.place(self.reader.id, self.note["id"]))
        assert found is not None
        return dict(plain(found.sessions)[self.session_id])

    def registered(self) -> NoteViewSession:
        """The session as the register has it."""
        found = store.get(NoteViewSession, NoteViewSession.place(self.session_id))
        assert found is not None
        return found

    def signals(self) -> dict[str, int]:
        """``TYPE SEVERITY`` → how often it was noticed."""
        found = store.every(SecuritySignal.of_user(self.reader.id))
        return {f"{row['type']} {row['severity']}": int(row["count"]) for row in (plain(one.row) for one in found)}


def asked_of(reading: Reading) -> NoteAsked:
    """The event of the reader's latest request."""
    reader = store.get(NoteReader, NoteReader.place(reading.reader.id, reading.note["id"]))
    (event,) = [one for one in reader_events(Change(None, reader, "1")) if isinstance(one, NoteAsked)]
    return event
