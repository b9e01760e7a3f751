"""The one private bucket."""

from __future__ import annotations

from chalicelib.platform import settings

BUCKET_NAME = settings.text("BUCKET_NAME", default="pathshala-local-files")
