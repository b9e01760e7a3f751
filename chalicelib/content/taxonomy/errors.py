"""What can be wrong with a change of the syllabus."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class SubjectNotFound(ApiError):
    status = 404
    code = "SUBJECT_NOT_FOUND"
    message = "There is no such subject"


class SubjectKeyTaken(ApiError):
    status = 409
    code = "SUBJECT_KEY_TAKEN"
    message = "Another subject has this key"


class TooManySubjects(ApiError):
    status = 409
    code = "TOO_MANY_SUBJECTS"
    message = "There are as many subjects as there can be"


class TopicNotInSubject(ApiError):
    """``details`` names each topic that the subject does not have."""

    status = 422
    code = "TOPIC_NOT_IN_SUBJECT"
    message = "A topic does not belong to the subject"


class TopicNotFound(ApiError):
    status = 404
    code = "TOPIC_NOT_FOUND"
    message = "There is no such topic"


class TopicKeyTaken(ApiError):
    status = 409
    code = "TOPIC_KEY_TAKEN"
    message = "Another topic of the subject has this key"


class TooManyTopics(ApiError):
    status = 409
    code = "TOO_MANY_TOPICS"
    message = "The subject has as many topics as it can have"


class TooManyChildren(ApiError):
    status = 409
    code = "TOO_MANY_CHILDREN"
    message = "The topic has as many topics right under it as it can have"


class ParentNotInSubject(ApiError):
    status = 422
    code = "PARENT_NOT_IN_SUBJECT"
    message = "The parent is no topic of the subject"


class TooDeep(ApiError):
    status = 422
    code = "TOO_DEEP"
    message = "Topics would lie deeper inside each other than they can"


class TopicCycle(ApiError):
    status = 422
    code = "TOPIC_CYCLE"
    message = "A topic cannot be moved under itself or what is under it"


class TopicInUse(ApiError):
    """``details``: ``{topics, notes, questions}``, how many are right under it or name it."""

    status = 409
    code = "TOPIC_IN_USE"
    message = "Something lies under this topic or names it"


class TagNotFound(ApiError):
    status = 404
    code = "TAG_NOT_FOUND"
    message = "There is no such tag"


class TagKeyTaken(ApiError):
    status = 409
    code = "TAG_KEY_TAKEN"
    message = "Another tag has this key"


class TooManyTags(ApiError):
    status = 409
    code = "TOO_MANY_TAGS"
    message = "There are as many tags as there can be"


class TagInUse(ApiError):
    """``details``: ``{notes}``, how many carry it."""

    status = 409
    code = "TAG_IN_USE"
    message = "Notes carry this tag"
