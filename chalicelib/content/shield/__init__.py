"""What keeps notes from being carried off: the access log, signals of scraping and sharing, and what follows."""

from chalicelib.content.shield.forgetting import hold_log, release_log
from chalicelib.content.shield.items import LogHold, NoteAccessLog, NoteUsageDay, NoteViewEvent, SignalStat
from chalicelib.content.shield.tallying import suspicious_signals

__all__ = [
    "LogHold",
    "NoteAccessLog",
    "NoteUsageDay",
    "NoteViewEvent",
    "SignalStat",
    "hold_log",
    "release_log",
    "suspicious_signals",
]
