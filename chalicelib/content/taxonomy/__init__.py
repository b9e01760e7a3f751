"""The syllabus: subjects now, their topics and tags by key."""

from chalicelib.content.taxonomy.errors import SubjectKeyTaken, SubjectNotFound, TooManySubjects, TopicNotInSubject
from chalicelib.content.taxonomy.events import SubjectChanged
from chalicelib.content.taxonomy.items import Subject, Tag, Topic

__all__ = [
    "Subject",
    "SubjectChanged",
    "SubjectKeyTaken",
    "SubjectNotFound",
    "Tag",
    "TooManySubjects",
    "Topic",
    "TopicNotInSubject",
]
