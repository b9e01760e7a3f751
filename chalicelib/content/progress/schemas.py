"""What requests about progress take and answer."""

from __future__ import annotations

from chalicelib.content.progress.items import NoteProgress
from chalicelib.platform.http import Instant, ResponseModel


class ProgressAnswer(ResponseModel):
    """How far the caller got; zeros before the first page."""

    last_page_read: int = 0
    furthest_page: int = 0
    total_pages: int = 0
    percent_complete: float = 0
    last_read_at: Instant | None = None
    completed_at: Instant | None = None

    @classmethod
    def of(cls, progress: object, page_count: int) -> ProgressAnswer:
        """From the item, or from nothing; ``page_count``: the note's, before the first page."""
        if not isinstance(progress, NoteProgress) or progress.last_read_at is None:
            return cls(total_pages=page_count)
        return cls.model_validate({name: getattr(progress, name) for name in cls.model_fields})
