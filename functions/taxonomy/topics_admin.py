"""Topics, for those who build the syllabus."""

from __future__ import annotations

from chalicelib.content.taxonomy import listing, ordering, topics
from chalicelib.content.taxonomy.errors import (
    ParentNotInSubject,
    SubjectNotFound,
    TooDeep,
    TooManyChildren,
    TooManyTopics,
    TopicCycle,
    TopicInUse,
    TopicKeyTaken,
    TopicNotFound,
)
from chalicelib.content.taxonomy.topic_schemas import (
    ChangedTopic,
    NewTopic,
    Reordering,
    SubjectTopicsAnswer,
    TopicAnswer,
    TopicChange,
    TopicsInOrder,
    TopicsQuery,
)
from chalicelib.platform.errors import Conflict, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Request, api

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)


def _answer(changed: topics.Changed) -> ChangedTopic:
    return ChangedTopic.model_validate(TopicAnswer.of(changed.topic).model_dump() | {"warnings": changed.warnings})


@api.post(
    "/v1/admin/subjects/{subjectId}/topics",
    action=Actions.CONTENT_MANAGE,
    status=201,
    idempotency=Idempotency.OPTIONAL,
    grants=_WRITES,
    raises=[SubjectNotFound, TopicKeyTaken, TooManyTopics, TooManyChildren, ParentNotInSubject, TooDeep, Conflict],
)
def create_topic(subject_id: str, body: NewTopic, caller: Caller) -> Answer[ChangedTopic]:
    """Create a topic of a subject, at the top or under another.

    Without `orderIndex` it comes after the last one beside it. `warnings` has `SAME_NAME` when one beside it has its
    name.
    """
    changed = topics.create(subject_id, body, caller)
    return Answer(_answer(changed), version=1, location=f"/v1/admin/topics/{changed.topic.id}")


@api.patch(
    "/v1/admin/topics/{topicId}",
    action=Actions.CONTENT_MANAGE,
    grants=_WRITES,
    raises=[
        TopicNotFound,
        TopicKeyTaken,
        TooManyChildren,
        ParentNotInSubject,
        TopicCycle,
        TooDeep,
        VersionMismatch,
        Conflict,
    ],
)
def change_topic(topic_id: str, body: TopicChange, caller: Caller, request: Request) -> Answer[ChangedTopic]:
    """Change or move a topic, with all that is under it.

    Only the members that are given change; `parentId: null` moves it to the top. It stays in its subject. A topic that
    is not active leaves the students' trees and filters with what is under it; nothing is unpublished.
    """
    changed = topics.change(topic_id, body, caller, request.if_match())
    return Answer(_answer(changed), version=int(changed.topic.version))


@api.get(
    "/v1/admin/topics",
    action=Actions.CONTENT_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[SubjectNotFound, ParentNotInSubject],
)
def list_topics_admin(query: TopicsQuery) -> SubjectTopicsAnswer:
    """All topics of a subject, active or not, each before those under it.

    Each with how many notes and questions name it, drafts and published ones.
    """
    return listing.topics(query)


@api.post(
    "/v1/admin/subjects/{subjectId}/topics/reorder",
    action=Actions.CONTENT_MANAGE,
    grants=_WRITES,
    raises=[SubjectNotFound, Conflict],
)
def reorder_topics(subject_id: str, body: Reordering, caller: Caller) -> TopicsInOrder:
    """Give topics of a subject new places, all of them or none.

    Answers those that are named, in their new order. An unknown topic, or one named twice, refuses all.
    """
    found = ordering.reorder_topics(subject_id, body, caller)
    return TopicsInOrder(items=[TopicAnswer.of(topic) for topic in found])


@api.delete(
    "/v1/admin/topics/{topicId}",
    action=Actions.CONTENT_MANAGE,
    status=204,
    grants=_WRITES,
    raises=[TopicNotFound, TopicInUse, Conflict],
)
def delete_topic(topic_id: str, caller: Caller) -> None:
    """Remove a topic that nothing lies under and nothing names; else `details` has how much does."""
    topics.remove(topic_id, caller)
