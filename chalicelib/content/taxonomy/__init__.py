"""The syllabus: subjects, their topics, and tags."""

from chalicelib.content.taxonomy.configuration import TAXONOMY_PUBLIC
from chalicelib.content.taxonomy.counts import NOTES, QUESTIONS, count_tag, count_topic, published_questions
from chalicelib.content.taxonomy.errors import SubjectKeyTaken, SubjectNotFound, TooManySubjects, TopicNotInSubject
from chalicelib.content.taxonomy.events import TagDeleted, TagRenamed, TaxonomyChanged
from chalicelib.content.taxonomy.items import Subject, Tag, Topic
from chalicelib.content.taxonomy.tree import SubjectTopics, tree_of

__all__ = [
    "NOTES",
    "QUESTIONS",
    "TAXONOMY_PUBLIC",
    "Subject",
    "SubjectKeyTaken",
    "SubjectNotFound",
    "SubjectTopics",
    "Tag",
    "TagDeleted",
    "TagRenamed",
    "TaxonomyChanged",
    "TooManySubjects",
    "Topic",
    "TopicNotInSubject",
    "count_tag",
    "count_topic",
    "published_questions",
    "tree_of",
]
