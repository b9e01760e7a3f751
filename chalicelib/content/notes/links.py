"""What a note hangs on: subject, topics, tags and file; read once, then proved in the writing transaction (NOTE-42)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content import files
from chalicelib.content.taxonomy import (
    Subject,
    SubjectNotFound,
    SubjectTopics,
    Tag,
    Topic,
    TopicNotInSubject,
    tree_of,
)
from chalicelib.platform import store
from chalicelib.platform.errors import ApiError, ValidationFailed, problem
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen

NOT_HERE = "does not belong to the subject"


@frozen
class Links:
    """The items that a note names, as they were when it was written."""

    tree: SubjectTopics
    topic_ids: tuple[str, ...]
    tags: tuple[Tag, ...]
    file: files.FileAsset | None

    @classmethod
    def read(
        cls, subject_id: str, topic_ids: Sequence[str], tag_ids: Sequence[str], *, file_asset_id: str | None = None
    ) -> Links:
        """All of them in one round trip; the 422 of whatever is missing, each by its field."""
        keys = [Tag.place(tag_id) for tag_id in tag_ids]
        if file_asset_id is not None:
            keys.append(files.FileAsset.place(file_asset_id))
        tree, found = _read(subject_id, keys, with_topics=bool(topic_ids))
        misplaced = [position for position, topic_id in enumerate(topic_ids) if topic_id not in tree.topics]
        if misplaced:
            raise TopicNotInSubject([_misplaced(position) for position in misplaced])
        tags, rest = found[: len(tag_ids)], found[len(tag_ids) :]
        unknown = [position for position, tag in enumerate(tags) if not isinstance(tag, Tag)]
        if unknown:
            raise ValidationFailed(
                [problem(f"body.tagIds[{one}]", "TAG_NOT_FOUND", "there is no such tag") for one in unknown]
            )
        file = rest[0] if rest else None
        if file_asset_id is not None and not isinstance(file, files.FileAsset):
            raise files.AssetUnusable.at("body.fileAssetId")
        return cls(
            tree,
            tuple(topic_ids),
            tuple(tag for tag in tags if isinstance(tag, Tag)),
            file if isinstance(file, files.FileAsset) else None,
        )

    def values(self) -> dict[str, Any]:
        """What the note keeps of them."""
        return {
            **values_in(self.tree, self.topic_ids),
            "tag_ids": [str(tag.id) for tag in self.tags],
            "tags": [{"id": str(tag.id), "name": str(tag.name)} for tag in self.tags],
        }

    def file_values(self) -> dict[str, Any]:
        """What the note keeps of its file; ``AssetUnusable`` for one that is not fit to be read, or not yet."""
        file = self.file
        if file is None or not file.page_count:
            raise files.refusal(file, "body.fileAssetId")
        return {
            "file_asset_id": str(file.id),
            "page_count": int(file.page_count),
            "file": {**file.readable, "file_name": str(file.file_name), "size_bytes": int(file.size_bytes)},
        }

    def check(self, tx: store.Transaction) -> None:
        """Hold the transaction to all of them being as they were read: also what lies above the topics."""
        subject = self.tree.subject
        as_read = cast(Condition, Subject.tree_version == self.tree.version)
        tx.check(Subject, subject.itself, as_read, name="subject")
        for position, topic_id in enumerate(self.topic_ids):
            tx.check(Topic, Topic.place(str(subject.id), topic_id), store.present(Topic), name=f"topic:{position}")
        for tag in self.tags:
            tx.check(Tag, tag.itself, store.present(Tag), name=f"tag:{tag.id}")


def values_in(tree: SubjectTopics, topic_ids: Sequence[str]) -> dict[str, Any]:
    """What a note with these topics keeps of its subject and them; topics that are gone are left out."""
    here = [topic_id for topic_id in topic_ids if topic_id in tree.topics]
    return {
        "subject_id": str(tree.subject.id),
        "subject_name": str(tree.subject.name),
        "subject_active": bool(tree.subject.is_active),
        "topic_ids": here,
        "topic_path_ids": list(dict.fromkeys(one for topic in here for one in (*tree.ancestors(topic), topic))),
        "topics": [
            {
                "id": topic_id,
                "name": str(tree.topics[topic_id].name),
                "path": tree.path_names(topic_id),
                "shown": tree.shown(topic_id),
            }
            for topic_id in here
        ],
    }


def _read(
    subject_id: str, keys: list[store.Key], *, with_topics: bool
) -> tuple[SubjectTopics, list[store.Item | None]]:
    """The subject, with its topics where they are asked for, and beside it what else is named."""
    if not with_topics:
        subject, *found = store.get_many([Subject.place(subject_id), *keys])
        if not isinstance(subject, Subject):
            raise _no_subject()
        return SubjectTopics(subject, ()), found
    try:
        tree, beside = together(partial(tree_of, subject_id), partial(store.get_many, keys))
    except SubjectNotFound as unknown:
        raise _no_subject() from unknown
    return cast(SubjectTopics, tree), cast("list[store.Item | None]", beside)


def _no_subject() -> ApiError:
    return ValidationFailed([problem("body.subjectId", "SUBJECT_NOT_FOUND", "there is no such subject")])


def _misplaced(position: int) -> dict[str, str]:
    return problem(f"body.topicIds[{position}]", TopicNotInSubject.code, NOT_HERE)


def belong(lost: store.TransactionLost) -> None:
    """Raise the 422 that a lost transaction means; return when the note or its subject only changed meanwhile."""
    error: ApiError | None = None
    if lost.failed("topic"):
        error = TopicNotInSubject([_misplaced(position) for position in range(10) if lost.failed(f"topic:{position}")])
    elif lost.failed("asset"):
        error = files.refusal(lost.item("asset"), "body.fileAssetId")
    elif lost.failed("tag"):
        error = ValidationFailed([problem("body.tagIds", "TAG_NOT_FOUND", "one of these tags is gone")])
    if error is not None:
        raise error from lost
