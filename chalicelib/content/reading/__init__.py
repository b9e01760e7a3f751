"""Reading notes: view sessions, bytes by ranges, and the watermark that names every reader."""

from chalicelib.content.reading.items import NoteReader, NoteViewSession, WatermarkIssue
from chalicelib.content.reading.revoking import BY_STAFF, REUSE, SCRAPE, revoke
from chalicelib.content.reading.sessions import ViewSession, sessions_of
from chalicelib.content.reading.sessions import check as check_view_token
from chalicelib.content.reading.signing import ALPHABET, check_character, shown, verified
from chalicelib.content.reading.watermark import OPACITY, STRICT_OPACITY

__all__ = [
    "ALPHABET",
    "BY_STAFF",
    "OPACITY",
    "REUSE",
    "SCRAPE",
    "STRICT_OPACITY",
    "NoteReader",
    "NoteViewSession",
    "ViewSession",
    "WatermarkIssue",
    "check_character",
    "check_view_token",
    "revoke",
    "sessions_of",
    "shown",
    "verified",
]
