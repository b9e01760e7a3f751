"""What requests about the syllabus take and answer."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from chalicelib.content.taxonomy.items import LAST_ORDER_INDEX, Subject, row_of
from chalicelib.platform.http import Characters, Instant, ListQuery, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

KeyText = Annotated[str, Characters(1, 48, pattern=r"^[a-z0-9][a-z0-9-]{0,47}$")]
SubjectName = Annotated[str, Characters(1, 120)]
SubjectDescription = Annotated[str, Characters(0, 2000, multiline=True)]
Position = Annotated[int, Field(ge=0, le=LAST_ORDER_INDEX)]
UNGIVEN: Any = None
"""The default of a member that may be left out of a change, but not be ``null``."""


class NewSubject(RequestModel):
    """A subject to create; without ``orderIndex`` it comes last."""

    key: KeyText = Field(examples=["polity"])
    name: SubjectName = Field(examples=["Indian Polity"])
    description: SubjectDescription | None = None
    icon_asset_id: Ulid | None = None
    order_index: Position | None = None
    is_active: bool = True


class SubjectChange(RequestModel):
    """What to change of a subject: only the members that are given. ``null`` clears description and icon."""

    key: KeyText = UNGIVEN
    name: SubjectName = UNGIVEN
    description: SubjectDescription | None = None
    icon_asset_id: Ulid | None = None
    order_index: Position = UNGIVEN
    is_active: bool = UNGIVEN

    def given(self) -> dict[str, Any]:
        """The members that the request named, by their names inside."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class SubjectsQuery(ListQuery):
    """Which subjects: all, the active ones, or the others."""

    active: bool | None = None


class SubjectAnswer(ResponseModel):
    """A subject as staff see it."""

    id: str
    key: str
    name: str
    description: str | None
    icon_asset_id: str | None
    order_index: int
    is_active: bool
    topic_count: int
    version: int
    created_by_user_id: str
    created_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, subject: Subject) -> SubjectAnswer:
        """From the item itself."""
        return cls.model_validate(
            {name: getattr(subject, name) for name in cls.model_fields}, strict=False, from_attributes=False
        )

    @classmethod
    def listed(cls, subject: Subject) -> SubjectAnswer:
        """From the row of an index list."""
        return cls.model_validate({**row_of(subject), "version": subject.version})


class SubjectsInOrder(ResponseModel):
    """Subjects in their order."""

    items: list[SubjectAnswer]


class SubjectForStudents(ResponseModel):
    """A subject as students see it."""

    id: str
    key: str
    name: str
    description: str | None
    icon_asset_id: str | None
    order_index: int

    @classmethod
    def listed(cls, subject: Subject) -> SubjectForStudents:
        """From the row of an index list."""
        row = row_of(subject)
        return cls.model_validate({name: row.get(name) for name in cls.model_fields})


class SubjectsForStudents(ResponseModel):
    """All active subjects in their order."""

    items: list[SubjectForStudents]
