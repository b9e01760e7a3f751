"""Who reads which note, in which sessions, under which watermark. Only this module knows the keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pynamodb.attributes import MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.content.notes import Note
from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

REGISTER_SECONDS = 400 * 86_400
LONGEST_LIFE = timedelta(days=1)
"""No view session may be configured to live longer."""


class NoteReader(Item, discriminator="NoteReader"):
    """One reader of one note: all that a content request needs besides card and note.

    ``sessions``: view session id → ``{token_hash, prev_token_hash, prev_until, login_session_id, token_version,
    created_at, expires_at, max_until, revoked_at, revoked_reason, seed, trace_code, seed_at, key_id, ip_hash,
    ua_hash, device_hint, last_seen_at, requests, bytes, renewals, strict, strict_at, score, object_key, version_id,
    content_length, page_count, etag, asset_id, pages}``, times in epoch seconds; ``pages``: whether there were single
    pages when it was opened; at most 2 live and 3 ended ones. ``win_start``,
    ``win_count``: content requests of the current window. ``last``: facts of the latest content request, from which
    the access log is written (see ``outbox``). ``refused_start``, ``refused_count``: how many refused ones
    were recorded since when. ``version`` counts openings, renewals, rotations and revocations; not content requests.
    """

    user_id = UnicodeAttribute()
    note_id = UnicodeAttribute()
    sessions: MapAttribute[str, Any] = MapAttribute(default=dict)
    win_start = NumberAttribute(default=0)
    win_count = NumberAttribute(default=0)
    last: MapAttribute[str, Any] = MapAttribute(null=True)
    refused_start = NumberAttribute(default=0)
    refused_count = NumberAttribute(default=0)

    @staticmethod
    def place(user_id: str, note_id: str) -> Key:
        """Where the reader of a note is."""
        return Key(f"USER#{user_id}", f"READER#{note_id}")

    @staticmethod
    def of(user_id: str) -> Query[NoteReader]:
        """Somebody as the reader of every note."""
        return Query(NoteReader, f"USER#{user_id}", begins_with="READER#", consistent=True)


class NoteViewSession(Item, discriminator="NoteViewSession"):
    """The register of view sessions for staff. No token is in it.

    ``row``: ``id, user_id, note_id, device_hint, created_at, expires_at, ended_at``; whoever writes the end or
    ``expires_at`` writes it there too, so that a list tells which ones live.
    """

    id = UnicodeAttribute()
    user_id = UnicodeAttribute()
    note_id = UnicodeAttribute()
    file_version = NumberAttribute()
    login_session_id = UnicodeAttribute()
    device_hint = UnicodeAttribute(null=True)
    user_agent = UnicodeAttribute(null=True)
    ip = UnicodeAttribute(null=True)
    ip_hash = UnicodeAttribute()
    user_agent_hash = UnicodeAttribute()
    accepted_notice = NumberAttribute(null=True)
    created_at = InstantAttribute()
    last_seen_at = InstantAttribute()
    expires_at = InstantAttribute()
    ended_at = InstantAttribute(null=True)
    revoked_at = InstantAttribute(null=True)
    revoked_reason = UnicodeAttribute(null=True)
    renewals = NumberAttribute(default=0)

    @staticmethod
    def place(view_session_id: str) -> Key:
        """Where a view session stands in the register."""
        return Key(f"VSESS#{view_session_id}", "VSESS")

    @staticmethod
    def of_user(user_id: str, **keys: Any) -> Query[NoteViewSession]:
        """Somebody's view sessions, newest first; items carry ``row``. ``keys``: ``between`` two instants as text."""
        return Query(NoteViewSession, f"USER#{user_id}#VSESS", index="gsi1", descending=True, **keys)

    @staticmethod
    def of_note(note_id: str, **keys: Any) -> Query[NoteViewSession]:
        """A note's view sessions, newest first; as ``of_user``."""
        return Query(NoteViewSession, f"NOTE#{note_id}#VSESS", index="gsi2", descending=True, **keys)

    def index(self) -> None:
        """Set where it is found by reader and by note, and what those lists show."""
        created = clock.iso(self.created_at)
        self.gsi1pk, self.gsi1sk = f"USER#{self.user_id}#VSESS", created
        self.gsi2pk, self.gsi2sk = f"NOTE#{self.note_id}#VSESS", created
        self.row = {
            "id": self.id,
            "user_id": self.user_id,
            "note_id": self.note_id,
            "device_hint": self.device_hint,
            "user_agent_hash": self.user_agent_hash,
            "created_at": created,
            "expires_at": clock.iso(self.expires_at),
        }


class WatermarkIssue(Item, discriminator="WatermarkIssue"):
    """A watermark that was given out: from its code, or the first four characters of it, to the person (SHIELD-65)."""

    trace_code = UnicodeAttribute()
    seed = UnicodeAttribute()
    user_id = UnicodeAttribute()
    note_id = UnicodeAttribute()
    view_session_id = UnicodeAttribute()
    issued_at = InstantAttribute()
    key_id = UnicodeAttribute()

    @staticmethod
    def place(trace_code: str) -> Key:
        """Where the issue of a code is."""
        return Key(f"WM#{trace_code[:4]}", trace_code)

    @staticmethod
    def starting(characters: str) -> Query[WatermarkIssue]:
        """The issues whose codes start so: four characters or more, without hyphens."""
        partition, rest = f"WM#{characters[:4]}", characters if len(characters) > 4 else None
        return Query(WatermarkIssue, partition, begins_with=rest, consistent=True)

    @staticmethod
    def of_user(user_id: str, **keys: Any) -> Query[WatermarkIssue]:
        """What somebody was given, newest first; items carry ``row``. ``keys``: ``between`` two instants as text."""
        return Query(WatermarkIssue, f"USER#{user_id}#WM", index="gsi1", descending=True, **keys)

    @staticmethod
    def of_note(note_id: str, **keys: Any) -> Query[WatermarkIssue]:
        """What readers of a note were given, newest first; as ``of_user``."""
        return Query(WatermarkIssue, f"NOTE#{note_id}#WM", index="gsi2", descending=True, **keys)

    @staticmethod
    def of_session(entry: NoteViewSession) -> Query[WatermarkIssue]:
        """What was given in one view session, newest first; items carry ``row``."""
        first = entry.created_at
        span = (clock.iso(first), clock.iso(first + LONGEST_LIFE))
        return WatermarkIssue.of_user(
            str(entry.user_id), between=span, keep=lambda issue: issue.row["view_session_id"] == str(entry.id)
        )

    def index(self) -> None:
        """Set where it is found by reader and by note, and what those lists show."""
        issued = clock.iso(self.issued_at)
        self.gsi1pk, self.gsi1sk = f"USER#{self.user_id}#WM", issued
        self.gsi2pk, self.gsi2sk = f"NOTE#{self.note_id}#WM", issued
        self.row = {
            "trace_code": self.trace_code,
            "user_id": self.user_id,
            "note_id": self.note_id,
            "view_session_id": self.view_session_id,
            "issued_at": issued,
        }


PATTERNS = (
    AccessPattern(
        "what a content request needs",
        (AccessCard.place("<user>"), Note.place("<note>"), NoteReader.place("<user>", "<note>")),
        3,
    ),
    AccessPattern("what somebody reads who is erased", NoteReader.of("<user>"), 1),
    AccessPattern("a view session in the register", NoteViewSession.place("<view session>"), 1),
    AccessPattern("somebody's view sessions", NoteViewSession.of_user("<user>"), 0.5, consistent=False),
    AccessPattern("a note's view sessions", NoteViewSession.of_note("<note>"), 0.5, consistent=False),
    AccessPattern("whose watermark this is", WatermarkIssue.place("W7K2<rest of the code>"), 1),
    AccessPattern("whose watermarks start so", WatermarkIssue.starting("W7K2"), 1),
    AccessPattern("watermarks given to somebody", WatermarkIssue.of_user("<user>"), 0.5, consistent=False),
    AccessPattern(
        "watermarks given to a note's readers in a time",
        WatermarkIssue.of_note("<note>", between=("<from>", "<to>")),
        0.5,
        consistent=False,
    ),
)
