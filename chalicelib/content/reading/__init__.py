"""Reading notes: view sessions, bytes by ranges, and the watermark that names every reader."""

from chalicelib.content.reading.items import NoteReader, NoteViewSession, WatermarkIssue

__all__ = ["NoteReader", "NoteViewSession", "WatermarkIssue"]
