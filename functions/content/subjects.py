"""The syllabus, for students."""

from __future__ import annotations

import hashlib

from chalicelib.content.taxonomy import listing
from chalicelib.content.taxonomy.schemas import SubjectsForStudents
from chalicelib.platform import settings
from chalicelib.platform.http import Actions, Answer, Grant, Request, api, etags

TAXONOMY_PUBLIC = settings.boolean("TAXONOMY_PUBLIC", default=False)


@api.get(
    "/v1/subjects",
    action=Actions.TAXONOMY_BROWSE,
    open_when=TAXONOMY_PUBLIC,
    also=(304,),
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
)
def list_subjects(request: Request) -> Answer[SubjectsForStudents | None]:
    """The active subjects in their order.

    Answers 304 to an `If-None-Match` with the `ETag` of what is still true.
    With `TAXONOMY_PUBLIC` nobody needs to sign in.
    """
    found = listing.for_students()
    etag = f'"{hashlib.sha256(found.model_dump_json().encode()).hexdigest()[:32]}"'
    caching = "public, max-age=300" if TAXONOMY_PUBLIC() else "private, max-age=60"
    headers = {"ETag": etag, "Cache-Control": caching}
    if etags.none_match(request.headers.get("if-none-match"), etag):
        return Answer(None, status=304, headers=headers)
    return Answer(found, headers=headers)
