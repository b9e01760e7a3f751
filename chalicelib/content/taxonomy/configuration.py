"""What a stage decides about the syllabus."""

from __future__ import annotations

from chalicelib.platform import settings

TAXONOMY_PUBLIC = settings.boolean("TAXONOMY_PUBLIC", default=False)
"""Whether people who are not signed in see subjects with their icons, topics and tags."""
