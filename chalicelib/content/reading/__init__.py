"""Reading notes: view sessions, bytes by ranges, and the watermark that names every reader."""

from chalicelib.content.reading.items import NoteReader, NoteViewSession, WatermarkIssue
from chalicelib.content.reading.revoking import BY_STAFF, REUSE, SCRAPE, revoke
from chalicelib.content.reading.sessions import ViewSession, sessions_of
from chalicelib.content.reading.signing import ALPHABET, check_character, shown, verified

__all__ = [
    "ALPHABET",
    "BY_STAFF",
    "REUSE",
    "SCRAPE",
    "NoteReader",
    "NoteViewSession",
    "ViewSession",
    "WatermarkIssue",
    "check_character",
    "revoke",
    "sessions_of",
    "shown",
    "verified",
]
