"""What a stage decides about files."""

from __future__ import annotations

from chalicelib.platform import settings

UPLOAD_URL_TTL_SECONDS = settings.integer("UPLOAD_URL_TTL_SECONDS", default=900, minimum=60, maximum=3_600)
UPLOAD_PARTS_FROM_BYTES = settings.integer("UPLOAD_PARTS_FROM_BYTES", default=104_857_600, minimum=5_242_880)
UPLOAD_PART_BYTES = settings.integer("UPLOAD_PART_BYTES", default=16_777_216, minimum=5_242_880, maximum=536_870_912)
FILE_SCAN = settings.choice("FILE_SCAN", default="off", choices=("off", "webhook"))
FILE_DELETE_AFTER_DAYS = settings.integer("FILE_DELETE_AFTER_DAYS", default=30, minimum=1, maximum=3_650)


def scanning() -> bool:
    """Whether uploads wait for the result of a scan (FILE-39)."""
    return FILE_SCAN() != "off"
