"""What files are for, and what each purpose allows (FILE-30, FILE-31)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from chalicelib.platform import settings
from chalicelib.platform.records import frozen

MAX_PDF_BYTES = settings.integer("MAX_PDF_BYTES", default=536_870_912, minimum=1_048_576, maximum=5_368_709_120)
MAX_IMAGE_BYTES = settings.integer("MAX_IMAGE_BYTES", default=2_097_152, minimum=65_536, maximum=20_971_520)

PDF = "application/pdf"
IMAGES = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp"}
CSV = "text/csv"
EXTENSIONS = {PDF: "pdf", CSV: "csv", **IMAGES}


@frozen
class Purpose:
    """A purpose: the folder of its objects, the media types and the most bytes that it takes."""

    name: str
    folder: str
    types: frozenset[str]
    max_bytes: Callable[[], int]

    def object_key(self, asset_id: str, content_type: str, at: datetime) -> str:
        """``notes/<yyyy>/<mm>/<id>.pdf``: the extension follows the media type, never the file's name."""
        return f"{self.folder}/{at:%Y}/{at:%m}/{asset_id}.{EXTENSIONS[content_type]}"


_PDF = frozenset({PDF})
_IMAGE = frozenset(IMAGES)


def _most(size: int) -> Callable[[], int]:
    return lambda: size


NOTES_PDF = Purpose("NOTES_PDF", "notes", _PDF, MAX_PDF_BYTES)
PRINT_PDF = Purpose("PRINT_PDF", "prints", _PDF, _most(104_857_600))
QUESTION_IMAGE = Purpose("QUESTION_IMAGE", "qassets", _IMAGE, MAX_IMAGE_BYTES)
OPTION_IMAGE = Purpose("OPTION_IMAGE", "qassets", _IMAGE, MAX_IMAGE_BYTES)
EXPLANATION_IMAGE = Purpose("EXPLANATION_IMAGE", "qassets", _IMAGE, MAX_IMAGE_BYTES)
CMS_IMAGE = Purpose("CMS_IMAGE", "cms", _IMAGE, MAX_IMAGE_BYTES)
COURSE_IMAGE = Purpose("COURSE_IMAGE", "courses", _IMAGE, MAX_IMAGE_BYTES)
COURSE_FILE = Purpose("COURSE_FILE", "courses", _PDF | _IMAGE, _most(104_857_600))
AVATAR = Purpose("AVATAR", "avatars", _IMAGE, _most(524_288))
EVIDENCE_IMAGE = Purpose("EVIDENCE_IMAGE", "evidence", _IMAGE, _most(4_194_304))
SETTLEMENT_CSV = Purpose("SETTLEMENT_CSV", "settlements", frozenset({CSV}), _most(2_097_152))
OTHER = Purpose("OTHER", "misc", _PDF | _IMAGE, _most(20_971_520))

PURPOSES = {
    purpose.name: purpose
    for purpose in (
        *(NOTES_PDF, PRINT_PDF, QUESTION_IMAGE, OPTION_IMAGE, EXPLANATION_IMAGE, CMS_IMAGE),
        *(COURSE_IMAGE, COURSE_FILE, AVATAR, EVIDENCE_IMAGE, SETTLEMENT_CSV, OTHER),
    )
}
QUESTION_IMAGES = (QUESTION_IMAGE.name, OPTION_IMAGE.name, EXPLANATION_IMAGE.name)
"""Any of them fits any place in a question (FILE-40)."""
