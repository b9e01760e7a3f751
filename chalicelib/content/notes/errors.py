"""What can be wrong with a note."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class NoteNotFound(ApiError):
    status = 404
    code = "NOTE_NOT_FOUND"
    message = "There is no such note"


class NoteIncomplete(ApiError):
    """``details``: ``{missing}``, a list of ``TITLE``, ``FILE``, ``PAGE_COUNT``, ``ACTIVE_SUBJECT``."""

    status = 422
    code = "NOTE_INCOMPLETE"
    message = "The note lacks something that a published note needs"


class NoteIsPublished(ApiError):
    status = 409
    code = "NOTE_PUBLISHED"
    message = "A published note cannot be deleted; take it back first"


class SearchUnavailable(ApiError):
    status = 422
    code = "SEARCH_UNAVAILABLE"
    message = "Notes cannot be searched by words yet; leave q out"
