"""What a note hangs on: subject, topics, tags and file; read once, then proved in the writing transaction (NOTE-42)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content import files
from chalicelib.content.taxonomy import Subject, Tag, Topic, TopicNotInSubject
from chalicelib.platform import store
from chalicelib.platform.errors import ApiError, ValidationFailed, problem
from chalicelib.platform.records import frozen

NOT_HERE = "does not belong to the subject"


@frozen
class Links:
    """The items that a note names, as they were when it was written."""

    subject: Subject
    topics: tuple[Topic, ...]
    tags: tuple[Tag, ...]
    file: files.FileAsset | None

    @classmethod
    def read(
        cls, subject_id: str, topic_ids: Sequence[str], tag_ids: Sequence[str], *, file_asset_id: str | None = None
    ) -> Links:
        """All of them in one batch read; the 422 of whatever is missing, each by its field."""
        keys = [Subject.place(subject_id)]
        keys += [Topic.place(subject_id, topic_id) for topic_id in topic_ids]
        keys += [Tag.place(tag_id) for tag_id in tag_ids]
        if file_asset_id is not None:
            keys.append(files.FileAsset.place(file_asset_id))
        found = store.get_many(keys)
        subject, rest = found[0], found[1:]
        topics, rest = rest[: len(topic_ids)], rest[len(topic_ids) :]
        tags, rest = rest[: len(tag_ids)], rest[len(tag_ids) :]
        if not isinstance(subject, Subject):
            raise ValidationFailed([problem("body.subjectId", "SUBJECT_NOT_FOUND", "there is no such subject")])
        if None in topics:
            raise TopicNotInSubject(
                [_misplaced(position) for position, topic in enumerate(topics) if not isinstance(topic, Topic)]
            )
        if None in tags:
            raise ValidationFailed(
                [
                    problem(f"body.tagIds[{position}]", "TAG_NOT_FOUND", "there is no such tag")
                    for position, tag in enumerate(tags)
                    if not isinstance(tag, Tag)
                ]
            )
        file = rest[0] if rest else None
        if file_asset_id is not None and not isinstance(file, files.FileAsset):
            raise files.AssetUnusable.at("body.fileAssetId")
        return cls(
            subject,
            tuple(topic for topic in topics if isinstance(topic, Topic)),
            tuple(tag for tag in tags if isinstance(tag, Tag)),
            file if isinstance(file, files.FileAsset) else None,
        )

    def values(self) -> dict[str, Any]:
        """What the note keeps of them."""
        topic_ids = [str(topic.id) for topic in self.topics]
        return {
            "subject_id": str(self.subject.id),
            "subject_name": str(self.subject.name),
            "subject_active": bool(self.subject.is_active),
            "topic_ids": topic_ids,
            "topic_path_ids": topic_ids,
            "topics": [{"id": str(topic.id), "name": str(topic.name)} for topic in self.topics],
            "tag_ids": [str(tag.id) for tag in self.tags],
            "tags": [{"id": str(tag.id), "name": str(tag.name)} for tag in self.tags],
        }

    def file_values(self) -> dict[str, Any]:
        """What the note keeps of its file; ``AssetUnusable`` for one that is not fit to be read."""
        file = self.file
        if file is None or not file.page_count:
            raise files.AssetUnusable.at("body.fileAssetId")
        return {
            "file_asset_id": str(file.id),
            "page_count": int(file.page_count),
            "file": {**file.readable, "file_name": str(file.file_name), "size_bytes": int(file.size_bytes)},
        }

    def check(self, tx: store.Transaction) -> None:
        """Hold the transaction to all of them being as they were read."""
        as_read = cast(Condition, Subject.version == self.subject.version)
        tx.check(Subject, self.subject.itself, as_read, name="subject")
        for position, topic in enumerate(self.topics):
            tx.check(Topic, topic.itself, store.present(Topic), name=f"topic:{position}")
        for tag in self.tags:
            tx.check(Tag, tag.itself, store.present(Tag), name=f"tag:{tag.id}")


def _misplaced(position: int) -> dict[str, str]:
    return problem(f"body.topicIds[{position}]", TopicNotInSubject.code, NOT_HERE)


def belong(lost: store.TransactionLost) -> None:
    """Raise the 422 that a lost transaction means; return when the note or its subject only changed meanwhile."""
    error: ApiError | None = None
    if lost.failed("topic"):
        error = TopicNotInSubject([_misplaced(position) for position in range(10) if lost.failed(f"topic:{position}")])
    elif lost.failed("asset"):
        error = files.AssetUnusable.at("body.fileAssetId")
    elif lost.failed("tag"):
        error = ValidationFailed([problem("body.tagIds", "TAG_NOT_FOUND", "one of these tags is gone")])
    if error is not None:
        raise error from lost
