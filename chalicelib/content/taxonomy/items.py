"""What the syllabus consists of. Only this module knows the keys."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

MAX_SUBJECTS = 200
MAX_TOPICS = 1_000
MAX_CHILDREN = 200
MAX_TAGS = 1_000
LAST_ORDER_INDEX = 999_999
_SUBJECTS = "SUBJECTS"
_TREES = "TAXTREE"
_TAGS = "TAGS"
_TAG_COUNTS = "TAGCOUNTS"
_ACCENTS = ("\u0300", "\u036f")


def folded(name: str) -> str:
    """A name as lists sort it: NFKD, Latin accents removed, lower-case.

    Only the block of combining accents goes: the vowel signs of Devanagari and its relatives are letters, not accents.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in decomposed if not _ACCENTS[0] <= sign <= _ACCENTS[1]).lower()


class Subject(Item, discriminator="Subject"):
    """The top of the syllabus. ``row`` holds everything that lists of subjects show.

    ``version`` grows with each change of its own members, ``tree_version`` with those and with each of its topics:
    whoever read the tree writes on the condition that it is still the same.
    """

    id = UnicodeAttribute()
    key = UnicodeAttribute()
    name = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    icon_asset_id = UnicodeAttribute(null=True)
    order_index = NumberAttribute()
    is_active = BooleanAttribute(default=True)
    topic_count = NumberAttribute(default=0)
    tree_version = NumberAttribute(default=1)
    created_by_user_id = UnicodeAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(subject_id: str) -> Key:
        """Where a subject is."""
        return Key(f"SUBJECT#{subject_id}", "SUBJECT")

    @staticmethod
    def position(order_index: int, name: str, subject_id: str) -> str:
        """Its place among all subjects: by order index, ties by folded name (TAX-40)."""
        return f"{order_index:06d}#{folded(name)}#{subject_id}"


class SubjectKey(Item, discriminator="SubjectKey"):
    """Makes a subject's key unique."""

    subject_id = UnicodeAttribute()

    @staticmethod
    def place(key: str) -> Key:
        """Where the claim on a key is."""
        return Key(f"SUBJECTKEY#{key}", "KEY")


class SubjectCount(Item, discriminator="SubjectCount"):
    """How many subjects there are: the bound of 200 is a condition on it, so that no race passes it."""

    number = NumberAttribute(default=0)

    @staticmethod
    def place() -> Key:
        """The one counter."""
        return Key(_SUBJECTS, "COUNT")


class Topic(Item, discriminator="Topic"):
    """A topic of a subject. Its key proves the subject: that it is there is all that others ask.

    ``parent_id``: None at the top level. What is above it is not stored: the whole tree of a subject is one query.
    ``row`` is ``{is_active}``.
    """

    id = UnicodeAttribute()
    subject_id = UnicodeAttribute()
    parent_id = UnicodeAttribute(null=True)
    key = UnicodeAttribute(null=True)
    name = UnicodeAttribute()
    order_index = NumberAttribute(default=0)
    is_active = BooleanAttribute(default=True)
    created_at = InstantAttribute(null=True)
    updated_at = InstantAttribute(null=True)

    @staticmethod
    def place(subject_id: str, topic_id: str) -> Key:
        """Where a topic is, inside its subject."""
        return Key(f"SUBJECT#{subject_id}", f"TOPIC#{topic_id}")

    @staticmethod
    def anywhere(topic_id: str) -> Query[Topic]:
        """The topic of an id, whatever its subject: its ``pk`` tells. One query of ``gsi1``."""
        return Query(Topic, f"TOPIC#{topic_id}", index="gsi1")

    @property
    def home(self) -> str:
        """The id of its subject; also of a topic that was read through the index."""
        return str(self.pk).removeprefix("SUBJECT#")


class TopicKey(Item, discriminator="TopicKey"):
    """Makes a topic's key unique in its subject."""

    topic_id = UnicodeAttribute()

    @staticmethod
    def place(subject_id: str, key: str) -> Key:
        """Where the claim on a key is."""
        return Key(f"SUBJECT#{subject_id}", f"TOPICKEY#{key}")


class TopicCount(Item, discriminator="TopicCount"):
    """How much content hangs on a topic itself, not on what is below it (TAX-41).

    Counted in the transactions that hang it there, so that nobody ever counts. A topic without has none.
    """

    topic_id = UnicodeAttribute()
    note_drafts = NumberAttribute(default=0)
    notes_published = NumberAttribute(default=0)
    question_drafts = NumberAttribute(default=0)
    questions_published = NumberAttribute(default=0)

    @staticmethod
    def place(subject_id: str, topic_id: str) -> Key:
        """Where a topic's counts are: in its subject's partition, behind the topics."""
        return Key(f"SUBJECT#{subject_id}", f"TOPICCOUNT#{topic_id}")


class SubjectTree(Item, discriminator="SubjectTree"):
    """What students see of a subject and its topics, ready to serve; a projection that the stream keeps.

    ``packed``: the topics, depth first, as compressed JSON (a thousand names do not fit an item otherwise); see
    ``projection``. A subject that is not active keeps an empty one, so that no older tree can come back.
    """

    id = UnicodeAttribute()
    key = UnicodeAttribute()
    name = UnicodeAttribute()
    order_index = NumberAttribute()
    icon_asset_id = UnicodeAttribute(null=True)
    is_active = BooleanAttribute()
    tree_version = NumberAttribute()
    packed = BinaryAttribute(legacy_encoding=False)

    @staticmethod
    def place(subject_id: str) -> Key:
        """Where a subject's tree is: all in one partition."""
        return Key(_TREES, subject_id)


class Tag(Item, discriminator="Tag"):
    """A tag that notes can carry. ``row`` holds what lists of tags show."""

    id = UnicodeAttribute()
    key = UnicodeAttribute()
    name = UnicodeAttribute()
    created_at = InstantAttribute(null=True)

    @staticmethod
    def place(tag_id: str) -> Key:
        """Where a tag is."""
        return Key(f"TAG#{tag_id}", "TAG")


class TagKey(Item, discriminator="TagKey"):
    """Makes a tag's key unique."""

    tag_id = UnicodeAttribute()

    @staticmethod
    def place(key: str) -> Key:
        """Where the claim on a key is."""
        return Key(f"TAGKEY#{key}", "KEY")


class TagTotal(Item, discriminator="TagTotal"):
    """How many tags there are: the bound of 1,000 is a condition on it."""

    number = NumberAttribute(default=0)

    @staticmethod
    def place() -> Key:
        """The one counter."""
        return Key(_TAGS, "COUNT")


class TagCount(Item, discriminator="TagCount"):
    """How many notes carry a tag, all and published ones. An item of its own: it may outlive the tag for a moment."""

    tag_id = UnicodeAttribute()
    notes = NumberAttribute(default=0)
    published = NumberAttribute(default=0)

    @staticmethod
    def place(tag_id: str) -> Key:
        """Where a tag's counts are: all in one partition, for the list of tags that students see."""
        return Key(_TAG_COUNTS, tag_id)


def subjects_in_order(*, active: bool | None = None, descending: bool = False) -> Query[Subject]:
    """All subjects by order index; ``active`` keeps only those that are, or are not. One query of ``gsi1``."""
    keep = None if active is None else (lambda subject: row_of(subject)["is_active"] is active)
    return Query(Subject, _SUBJECTS, index="gsi1", descending=descending, keep=keep)


def row_of(item: Subject | Tag) -> Mapping[str, Any]:
    """What a subject or a tag read through the index carries."""
    return plain(item.row)


def with_topics(subject_id: str, *, counts: bool = False) -> Query[Item]:
    """A subject, then its topics, then (``counts``) what hangs on each. One consistent query of its partition.

    The subject comes first: topics read after it are of its ``tree_version`` or a later one.
    """
    last = "TOPICCOUNT$" if counts else "TOPIC$"
    return Query(Item, Subject.place(subject_id).pk, between=("SUBJECT", last), consistent=True)


def all_trees() -> Query[SubjectTree]:
    """The trees of all subjects, in no order: at most 200. One query."""
    return Query(SubjectTree, _TREES)


def subject_position(subject: Subject | SubjectTree) -> str:
    """Where a subject stands among all."""
    return Subject.position(int(subject.order_index), str(subject.name), str(subject.id))


def tags_in_order(prefix: str = "") -> Query[Tag]:
    """All tags by folded name, or those whose name begins so. One query of ``gsi1``."""
    return Query(Tag, _TAGS, index="gsi1", begins_with=folded(prefix) or None)


def tag_counts() -> Query[TagCount]:
    """The counts of all tags: at most 1,000. One query."""
    return Query(TagCount, _TAG_COUNTS)


def tag_index_keys(name: str, tag_id: str) -> dict[str, Any]:
    """The keys under which the list of tags finds one."""
    return {"gsi1pk": _TAGS, "gsi1sk": f"{folded(name)}#{tag_id}"}


def index_keys(order_index: int, name: str, subject_id: str) -> dict[str, Any]:
    """The keys under which the list of subjects finds it."""
    return {"gsi1pk": _SUBJECTS, "gsi1sk": Subject.position(order_index, name, subject_id)}


PATTERNS = (
    AccessPattern("a subject, beside the card", (AccessCard.place("<user>"), Subject.place("<subject>")), 2),
    AccessPattern("all subjects in their order", subjects_in_order(), 0.5, consistent=False),
    AccessPattern("whether a subject's key is taken", SubjectKey.place("<key>"), 1),
    AccessPattern("a subject and its topics", with_topics("<subject>"), 1),
    AccessPattern("a subject, its topics and what hangs on each", with_topics("<subject>", counts=True), 1),
    AccessPattern("whether a topic's key is taken in its subject", TopicKey.place("<subject>", "<key>"), 1),
    AccessPattern("the trees of all subjects", all_trees(), 0.5, consistent=False),
    AccessPattern("the tree of a subject", SubjectTree.place("<subject>"), 0.5, consistent=False),
    AccessPattern("all tags by name", tags_in_order(), 0.5, consistent=False),
    AccessPattern("tags whose name begins so", tags_in_order("exam"), 0.5, consistent=False),
    AccessPattern("whether a tag's key is taken", TagKey.place("<key>"), 1),
    AccessPattern("how many notes carry each tag", tag_counts(), 0.5, consistent=False),
    AccessPattern("how many notes carry the tags of a page", (TagCount.place("<tag>"),), 0.5, consistent=False),
    AccessPattern("the subject of a topic", Topic.anywhere("<topic>"), 0.5, consistent=False),
    AccessPattern(
        "what a note is tagged with",
        (Subject.place("<subject>"), Topic.place("<subject>", "<topic>"), Tag.place("<tag>")),
        3,
    ),
)
