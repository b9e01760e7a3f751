"""A whole syllabus as it is brought in and taken out (TAX-42)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from chalicelib.content.taxonomy.items import MAX_TOPICS
from chalicelib.content.taxonomy.schemas import KeyText, Position, SubjectDescription, SubjectName
from chalicelib.content.taxonomy.topic_schemas import TopicName
from chalicelib.platform.http import Characters, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

MAX_OUTLINED_SUBJECTS = 50
MAX_SHEET_CHARACTERS = 200_000
MAX_LEVELS = 10


class TopicOutline(RequestModel):
    """A topic with those under it. It is the one of this ``key``, or else the one of this name at its place."""

    key: KeyText | None = None
    name: TopicName = Field(examples=["Fundamental Rights"])
    order_index: Position | None = Field(default=None, description="Without: as it was; of a new one, the last")
    is_active: bool | None = Field(default=None, description="Without: as it was; of a new one, true")
    children: list[TopicOutline] = Field(default_factory=list, max_length=200, examples=[[]])


class SubjectOutline(RequestModel):
    """A subject, known by its key, with its topics; those that are not named stay as they are."""

    key: KeyText = Field(examples=["polity"])
    name: SubjectName | None = Field(default=None, examples=["Indian Polity"], description="Needed for a new subject")
    description: SubjectDescription | None = None
    order_index: Position | None = None
    is_active: bool | None = None
    topics: list[TopicOutline] = Field(
        default_factory=list, max_length=MAX_TOPICS, examples=[[{"name": "Rights", "children": [{"name": "Equality"}]}]]
    )


def _lines(value: object) -> object:
    """Line ends of every system, and without the mark that spreadsheets put in front."""
    return value.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


Sheet = Annotated[str, Characters(1, MAX_SHEET_CHARACTERS, multiline=True), BeforeValidator(_lines)]


class SyllabusImport(RequestModel):
    """A syllabus: ``subjects``, or the same as a sheet in ``csv``; ``dryRun`` says what would become of it."""

    dry_run: bool = False
    subjects: list[SubjectOutline] | None = Field(default=None, min_length=1, max_length=MAX_OUTLINED_SUBJECTS)
    csv: Sheet | None = Field(
        default=None,
        description="Columns `subjectKey`, `subject`, `description`, `topic1` to `topic10`, `key`, `orderIndex`, "
        "`isActive`; a row is the topic that its last `topic` names, or without any the subject",
        examples=[None],
    )

    @model_validator(mode="after")
    def _one_form(self) -> SyllabusImport:
        if (self.subjects is None) == (self.csv is None):
            raise ValueError("must have either subjects or csv")
        return self


class Outcome(StrEnum):
    """What became of one of them, or in a dry run would."""

    CREATED = "CREATED"
    CHANGED = "CHANGED"
    UNCHANGED = "UNCHANGED"


class ImportedTopic(ResponseModel):
    """A topic by its names from the top; ``id`` is null for one that a dry run would create."""

    id: str | None
    path: list[str]
    outcome: Outcome


class ImportedSubject(ResponseModel):
    """A subject and its topics in the order of the request."""

    id: str | None
    key: str
    outcome: Outcome
    created: int
    changed: int
    unchanged: int
    topics: list[ImportedTopic]


class ImportReport(ResponseModel):
    """What the import did, or would do."""

    dry_run: bool
    subjects: list[ImportedSubject]


class SyllabusExportQuery(QueryModel):
    """Which subject, or all; and in which form."""

    subject_id: Ulid | None = None
    format: Literal["JSON", "CSV"] = "JSON"


class ExportedTopic(ResponseModel):
    """A topic with those under it."""

    key: str | None
    name: str
    order_index: int
    is_active: bool
    children: list[ExportedTopic]


class ExportedSubject(ResponseModel):
    """A subject with its topics."""

    key: str
    name: str
    description: str | None
    order_index: int
    is_active: bool
    topics: list[ExportedTopic]


class SyllabusExport(ResponseModel):
    """A syllabus in the form that an import takes: one of both, as it was asked for."""

    subjects: list[ExportedSubject] | None = None
    csv: str | None = None
