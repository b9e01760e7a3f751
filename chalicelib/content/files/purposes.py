"""What files are for, and what each purpose allows (FILE-30, FILE-31)."""

from __future__ import annotations

from datetime import datetime

from chalicelib.platform import settings
from chalicelib.platform.records import frozen

MAX_PDF_BYTES = settings.integer("MAX_PDF_BYTES", default=536_870_912, minimum=1_048_576, maximum=5_368_709_120)

PDF = "application/pdf"
EXTENSIONS = {PDF: "pdf"}


@frozen
class Purpose:
    """A purpose: the folder of its objects, the media types and the most bytes that it takes."""

    name: str
    folder: str
    types: frozenset[str]
    max_bytes: settings.Setting[int]

    def object_key(self, asset_id: str, content_type: str, at: datetime) -> str:
        """``notes/<yyyy>/<mm>/<id>.pdf``: the extension follows the media type, never the file's name."""
        return f"{self.folder}/{at:%Y}/{at:%m}/{asset_id}.{EXTENSIONS[content_type]}"


NOTES_PDF = Purpose("NOTES_PDF", "notes", frozenset({PDF}), MAX_PDF_BYTES)

PURPOSES = {purpose.name: purpose for purpose in (NOTES_PDF,)}
