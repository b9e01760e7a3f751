"""What the syllabus consists of. Only this module knows the keys."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from pynamodb.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

MAX_SUBJECTS = 200
LAST_ORDER_INDEX = 999_999
_SUBJECTS = "SUBJECTS"
_ACCENTS = ("\u0300", "\u036f")


def folded(name: str) -> str:
    """A name as lists sort it: NFKD, Latin accents removed, lower-case.

    Only the block of combining accents goes: the vowel signs of Devanagari and its relatives are letters, not accents.
    """
    decomposed = unicodedata.normalize("NFKD", name)
    return "".join(sign for sign in decomposed if not _ACCENTS[0] <= sign <= _ACCENTS[1]).lower()


class Subject(Item, discriminator="Subject"):
    """The top of the syllabus. ``row`` holds everything that lists of subjects show."""

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
    """A topic of a subject. Its key proves the subject: that it is there is all that others ask."""

    id = UnicodeAttribute()
    subject_id = UnicodeAttribute()
    name = UnicodeAttribute()

    @staticmethod
    def place(subject_id: str, topic_id: str) -> Key:
        """Where a topic is, inside its subject."""
        return Key(f"SUBJECT#{subject_id}", f"TOPIC#{topic_id}")

    @staticmethod
    def anywhere(topic_id: str) -> Query[Topic]:
        """The topic of an id, whatever its subject: its ``pk`` tells. One query of ``gsi1``."""
        return Query(Topic, f"TOPIC#{topic_id}", index="gsi1")


class Tag(Item, discriminator="Tag"):
    """A tag that notes can carry."""

    id = UnicodeAttribute()
    key = UnicodeAttribute()
    name = UnicodeAttribute()

    @staticmethod
    def place(tag_id: str) -> Key:
        """Where a tag is."""
        return Key(f"TAG#{tag_id}", "TAG")


def subjects_in_order(*, active: bool | None = None, descending: bool = False) -> Query[Subject]:
    """All subjects by order index; ``active`` keeps only those that are, or are not. One query of ``gsi1``."""
    keep = None if active is None else (lambda subject: row_of(subject)["is_active"] is active)
    return Query(Subject, _SUBJECTS, index="gsi1", descending=descending, keep=keep)


def row_of(subject: Subject) -> Mapping[str, Any]:
    """What a subject read through the index carries."""
    return plain(subject.row)


def index_keys(order_index: int, name: str, subject_id: str) -> dict[str, Any]:
    """The keys under which the list of subjects finds it."""
    return {"gsi1pk": _SUBJECTS, "gsi1sk": Subject.position(order_index, name, subject_id)}


PATTERNS = (
    AccessPattern("a subject, beside the card", (AccessCard.place("<user>"), Subject.place("<subject>")), 2),
    AccessPattern("all subjects in their order", subjects_in_order(), 0.5, consistent=False),
    AccessPattern("whether a subject's key is taken", SubjectKey.place("<key>"), 1),
    AccessPattern("the subject of a topic", Topic.anywhere("<topic>"), 0.5, consistent=False),
    AccessPattern(
        "what a note is tagged with",
        (Subject.place("<subject>"), Topic.place("<subject>", "<topic>"), Tag.place("<tag>")),
        3,
    ),
)
