"""What keeps notes from being carried off: the access log, signals of scraping and sharing, and what follows."""

from chalicelib.content.shield.items import LogHold, NoteAccessLog, NoteUsageDay, NoteViewEvent, SignalStat

__all__ = ["LogHold", "NoteAccessLog", "NoteUsageDay", "NoteViewEvent", "SignalStat"]
