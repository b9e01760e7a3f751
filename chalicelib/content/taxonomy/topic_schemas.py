"""What requests about topics take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from chalicelib.content.taxonomy.items import Topic, TopicCount
from chalicelib.content.taxonomy.schemas import UNGIVEN, KeyText, Position, SubjectAnswer
from chalicelib.content.taxonomy.tree import SubjectTopics
from chalicelib.platform.http import Characters, Instant, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

TopicName = Annotated[str, Characters(1, 160)]
MAX_REORDERED = 90


class NewTopic(RequestModel):
    """A topic to create; without ``orderIndex`` it comes last among those of its parent."""

    name: TopicName = Field(examples=["Fundamental Rights"])
    key: KeyText | None = Field(default=None, examples=["fundamental-rights"])
    parent_id: Ulid | None = Field(default=None, description="A topic of the same subject; without, the top level")
    order_index: Position | None = None
    is_active: bool = True


class TopicChange(RequestModel):
    """What to change of a topic: only the members that are given. ``parentId: null`` moves it to the top level."""

    name: TopicName = Field(default=UNGIVEN, examples=["Fundamental Rights and Duties"])
    key: KeyText | None = None
    parent_id: Ulid | None = None
    order_index: Position = UNGIVEN
    is_active: bool = UNGIVEN

    def given(self) -> dict[str, Any]:
        """The members that the request named, by their names inside."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class NewPosition(RequestModel):
    """Where one of them goes."""

    id: Ulid
    order_index: Position


class Reordering(RequestModel):
    """New positions, each of another subject or topic; those that are not named stay where they are."""

    items: list[NewPosition] = Field(
        min_length=1,
        max_length=MAX_REORDERED,
        examples=[[{"id": "01M7W40Q13T1PHW4JDV27B5ZA4", "orderIndex": 10}]],
    )


class TopicsOfSubject(QueryModel):
    """The active topics of a subject."""

    subject_id: Ulid


class TopicsQuery(TopicsOfSubject):
    """Which topics of a subject: all, the active ones or the others; all, or those right under one."""

    active: bool | None = Field(default=None, description="Whether the topic itself is active, whatever is above it")
    parent_id: Ulid | None = Field(default=None, description="Only topics right under this one")


class TopicAnswer(ResponseModel):
    """A topic as staff see it."""

    id: str
    subject_id: str
    parent_id: str | None
    key: str | None
    name: str
    order_index: int
    is_active: bool
    version: int
    created_at: Instant | None
    updated_at: Instant | None

    @classmethod
    def of(cls, topic: Topic, **more: Any) -> TopicAnswer:
        """From the item itself."""
        own = {name: getattr(topic, name) for name in TopicAnswer.model_fields}
        return cls.model_validate({**own, **more}, strict=False)


class TopicsInOrder(ResponseModel):
    """Topics in their order."""

    items: list[TopicAnswer]


class ChangedTopic(TopicAnswer):
    """A topic as the change left it. ``warnings``: ``SAME_NAME`` when another topic beside it has its name."""

    warnings: list[str] = Field(max_length=5)


class ContentCount(ResponseModel):
    """How much content names the topic itself, not one under it."""

    draft: int
    published: int


class StaffTopic(TopicAnswer):
    """A topic in its subject's tree. ``depth``: 1 at the top. ``isShown``: active, as all above it are."""

    depth: int
    is_shown: bool
    notes: ContentCount
    questions: ContentCount

    @classmethod
    def within(cls, tree: SubjectTopics, topic: Topic) -> StaffTopic:
        """With where it stands and what hangs on it."""
        topic_id = str(topic.id)
        count = tree.counts.get(topic_id) or TopicCount()
        found = StaffTopic.of(
            topic,
            depth=len(tree.ancestors(topic_id)) + 1,
            is_shown=tree.shown(topic_id),
            notes=ContentCount(draft=int(count.note_drafts), published=int(count.notes_published)),
            questions=ContentCount(draft=int(count.question_drafts), published=int(count.questions_published)),
        )
        return cls.model_validate(found)


class SubjectTopicsAnswer(ResponseModel):
    """A subject and its topics, each before those under it."""

    subject: SubjectAnswer
    items: list[StaffTopic]


class TopicForStudents(ResponseModel):
    """A topic as students see it."""

    id: str
    key: str | None
    name: str
    order_index: int
    parent_id: str | None

    @classmethod
    def of(cls, topic: Topic) -> TopicForStudents:
        """From the item itself."""
        return cls.model_validate({name: getattr(topic, name) for name in cls.model_fields}, strict=False)


class TopicsForStudents(ResponseModel):
    """The topics of a subject that students see."""

    items: list[TopicForStudents]


class SyllabusTreeQuery(QueryModel):
    """All subjects, or one."""

    subject_id: Ulid | None = None


class TreeTopic(ResponseModel):
    """A topic with those under it; of one shape at every level."""

    id: str
    key: str | None
    name: str
    order_index: int
    children: list[TreeTopic]


class TreeSubject(ResponseModel):
    """A subject with its topics."""

    id: str
    key: str
    name: str
    order_index: int
    icon_asset_id: str | None
    topics: list[TreeTopic]


class TreeAnswer(ResponseModel):
    """The syllabus. ``version`` changes with every change of what is answered."""

    version: str
    items: list[TreeSubject]
