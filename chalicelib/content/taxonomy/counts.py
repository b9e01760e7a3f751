"""How much hangs on topics and tags: counted by whoever hangs it there, in the same transaction (TAX-41)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from chalicelib.content.taxonomy.items import TagCount, TopicCount
from chalicelib.platform import store
from chalicelib.platform.store import Transaction


class Counted(Enum):
    """What is counted on topics; the value names its attributes."""

    NOTES = ("note_drafts", "notes_published")
    QUESTIONS = ("question_drafts", "questions_published")


NOTES, QUESTIONS = Counted.NOTES, Counted.QUESTIONS


def count_topic(
    tx: Transaction, subject_id: str, topic_id: str, kind: Counted, *, draft: int = 0, published: int = 0
) -> None:
    """Count content on or off a topic that it names itself (not the topics above): ``draft=-1, published=1``.

    One action of the transaction; at most one a topic. Nothing to count adds none. It has no condition: a topic that
    is gone may be counted off.
    """
    drafts_name, published_name = kind.value
    changes = {drafts_name: draft, published_name: published}
    actions = [getattr(TopicCount, name).add(by) for name, by in changes.items() if by]
    if actions:
        actions += [TopicCount.kind.set(TopicCount), TopicCount.topic_id.set(topic_id), TopicCount.version.add(1)]
        tx.update(TopicCount, TopicCount.place(subject_id, topic_id), actions, name=f"count:{topic_id}")


def count_tag(tx: Transaction, tag_id: str, *, notes: int = 0, published: int = 0) -> None:
    """Count a note on or off a tag: ``notes`` are all that carry it, ``published`` those of them that students see.

    One action of the transaction; at most one a tag. Nothing to count adds none. It has no condition.
    """
    changes = {"notes": notes, "published": published}
    actions = [getattr(TagCount, name).add(by) for name, by in changes.items() if by]
    if actions:
        actions += [TagCount.kind.set(TagCount), TagCount.tag_id.set(tag_id), TagCount.version.add(1)]
        tx.update(TagCount, TagCount.place(tag_id), actions, name=f"count:{tag_id}")


def published_questions(subject_id: str, topic_ids: Sequence[str]) -> int:
    """How many published questions hang on some topics of a subject, at most 100. One batch read."""
    found = store.get_many([TopicCount.place(subject_id, topic_id) for topic_id in topic_ids], consistent=False)
    return sum(int(count.questions_published) for count in found if isinstance(count, TopicCount))
