"""What editors are told by mail."""

from __future__ import annotations

from chalicelib.platform.messages import MessageClass, Template

NOTE_NOT_PUBLISHED = Template(
    "NOTE_NOT_PUBLISHED",
    MessageClass.TRANSACTIONAL,
    required=("noteTitle", "noteId", "publishAt", "missing"),
    optional=("userName",),
)
"""A note did not publish itself at its instant; ``missing``: what it lacks, in words of NOTE_INCOMPLETE."""
