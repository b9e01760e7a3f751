"""What happens to the syllabus outside of requests."""

from __future__ import annotations

from chalicelib.content.taxonomy import TaxonomyChanged, projection
from chalicelib.platform.work import Grant, consumer


@consumer(on=[TaxonomyChanged], grants=[Grant.TABLE_READ, Grant.TABLE_WRITE])
def project_tree(event: TaxonomyChanged) -> None:
    """Make the tree of a subject that students see."""
    projection.project(event.subject_id, event.tree_version)
