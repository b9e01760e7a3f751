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
