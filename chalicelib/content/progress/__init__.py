"""How far readers got in notes, and what they keep beside them: bookmarks and remarks."""

from chalicelib.content.progress.events import NoteCompleted, NoteProgressed
from chalicelib.content.progress.forgetting import forget_progress
from chalicelib.content.progress.items import NoteProgress
from chalicelib.content.progress.recording import opened
from chalicelib.content.progress.schemas import ProgressAnswer

__all__ = ["NoteCompleted", "NoteProgress", "NoteProgressed", "ProgressAnswer", "forget_progress", "opened"]
