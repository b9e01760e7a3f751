"""The syllabus, for students."""

from __future__ import annotations

from chalicelib.content.taxonomy import browsing, projection
from chalicelib.content.taxonomy.configuration import TAXONOMY_PUBLIC
from chalicelib.content.taxonomy.errors import SubjectNotFound
from chalicelib.content.taxonomy.schemas import SubjectsForStudents
from chalicelib.content.taxonomy.tag_schemas import TagsForStudents
from chalicelib.content.taxonomy.topic_schemas import SyllabusTreeQuery, TopicsForStudents, TopicsOfSubject, TreeAnswer
from chalicelib.platform.http import Actions, Answer, Grant, Request, api, conditional


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
    return conditional.by_content(request, browsing.caching(), browsing.subjects())


@api.get(
    "/v1/topics",
    action=Actions.TAXONOMY_BROWSE,
    open_when=TAXONOMY_PUBLIC,
    also=(304,),
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[SubjectNotFound],
)
def list_topics(query: TopicsOfSubject, request: Request) -> Answer[TopicsForStudents | None]:
    """The topics of an active subject in a flat list, by `orderIndex`.

    A topic that is not active is not there, nor is what lies under it. Answers 304 as the list of subjects does.
    """
    return conditional.by_content(request, browsing.caching(), browsing.topics(query.subject_id))


@api.get(
    "/v1/taxonomy/tree",
    action=Actions.TAXONOMY_BROWSE,
    open_when=TAXONOMY_PUBLIC,
    also=(304,),
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[SubjectNotFound],
)
def get_taxonomy_tree(query: SyllabusTreeQuery, request: Request) -> Answer[TreeAnswer | None]:
    """All active subjects with their topics inside each other, or one of them.

    It follows a change within five seconds. `version` is the `ETag`; a syllabus too large for one answer is asked for
    by subject (422).
    """
    found = projection.find(query.subject_id)
    return conditional.unless_held(request, found.version, browsing.caching(), lambda: projection.nested(found))


@api.get(
    "/v1/tags",
    action=Actions.TAXONOMY_BROWSE,
    open_when=TAXONOMY_PUBLIC,
    also=(304,),
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
)
def list_tags(request: Request) -> Answer[TagsForStudents | None]:
    """The tags that at least one published note carries, by name.

    Answers 304 as the list of subjects does.
    """
    return conditional.by_content(request, browsing.caching(), browsing.tags())
