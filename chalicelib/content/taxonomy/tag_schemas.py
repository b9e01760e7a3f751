"""What requests about tags take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from chalicelib.content.taxonomy.items import Tag, TagCount
from chalicelib.content.taxonomy.schemas import UNGIVEN, KeyText
from chalicelib.platform.http import Characters, Instant, ListQuery, QueryModel, RequestModel, ResponseModel

TagName = Annotated[str, Characters(1, 60)]


class NewTag(RequestModel):
    """A tag to create."""

    key: KeyText = Field(examples=["prelims-2027"])
    name: TagName = Field(examples=["Prelims 2027"])


class TagChange(RequestModel):
    """What to change of a tag: only the members that are given."""

    key: KeyText = UNGIVEN
    name: TagName = Field(default=UNGIVEN, examples=["Prelims 2028"])

    def given(self) -> dict[str, Any]:
        """The members that the request named, by their names inside."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class TagsQuery(ListQuery):
    """Which tags: all, or those whose name begins so, accents and case aside."""

    search: TagName | None = None


class TagRemoval(QueryModel):
    """Whether a tag goes although notes carry it; they then let go of it."""

    force: bool = False


class TagAnswer(ResponseModel):
    """A tag as staff see it."""

    id: str
    key: str
    name: str
    version: int
    created_at: Instant | None

    @classmethod
    def of(cls, tag: Tag) -> TagAnswer:
        """From the item itself."""
        return cls.model_validate({name: getattr(tag, name) for name in cls.model_fields}, strict=False)


class TagRow(TagAnswer):
    """A tag in a list: with how many notes carry it, and how many of those students see."""

    notes: int
    published: int

    @classmethod
    def listed(cls, tag: Tag, row: dict[str, Any], count: TagCount | None) -> TagRow:
        """From the row of an index list, and its counts."""
        notes, published = (int(count.notes), int(count.published)) if count is not None else (0, 0)
        return cls.model_validate({**row, "version": tag.version, "notes": notes, "published": published})


class TagForStudents(ResponseModel):
    """A tag as students see it."""

    id: str
    key: str
    name: str


class TagsForStudents(ResponseModel):
    """The tags that published notes carry, by name."""

    items: list[TagForStudents]
