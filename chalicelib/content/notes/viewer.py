"""What a viewer must know before it asks for bytes (NOTE-50)."""

from __future__ import annotations

from chalicelib.platform import settings

NOTE_MAX_RANGE_BYTES = settings.integer("NOTE_MAX_RANGE_BYTES", default=1_048_576, minimum=65_536, maximum=4_194_304)
"""The most bytes of a file in one answer: a function's answer is at most 6 MB, and binary travels as base64."""

RECOMMENDED_CHUNK_BYTES = 524_288


def recommended_chunk() -> int:
    """The chunk that viewers do best with; never more than one answer carries."""
    return min(RECOMMENDED_CHUNK_BYTES, NOTE_MAX_RANGE_BYTES())
