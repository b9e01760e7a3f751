"""How far readers got in notes, and what they keep beside them: bookmarks and remarks."""

from chalicelib.content.progress.errors import PageNotFound
from chalicelib.content.progress.events import NoteCompleted, NoteProgressed
from chalicelib.content.progress.forgetting import forget_progress
from chalicelib.content.progress.items import Bookmarks, NoteProgress, Remark
from chalicelib.content.progress.keeping import number_of
from chalicelib.content.progress.recording import opened
from chalicelib.content.progress.schemas import BookmarkRow, KeptQuery, ProgressAnswer, RemarkAnswer

__all__ = [
    "BookmarkRow",
    "Bookmarks",
    "KeptQuery",
    "NoteCompleted",
    "NoteProgress",
    "NoteProgressed",
    "PageNotFound",
    "ProgressAnswer",
    "Remark",
    "RemarkAnswer",
    "forget_progress",
    "number_of",
    "opened",
]
