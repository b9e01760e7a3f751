"""A whole syllabus, in and out."""

from __future__ import annotations

from chalicelib.content.taxonomy import exporting, importing
from chalicelib.content.taxonomy.errors import SubjectKeyTaken, SubjectNotFound, TooManySubjects, TopicKeyTaken
from chalicelib.content.taxonomy.outline_schemas import (
    ImportReport,
    SyllabusExport,
    SyllabusExportQuery,
    SyllabusImport,
)
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Caller, Grant, Limits, api


@api.post(
    "/v1/admin/taxonomy/import",
    action=Actions.CONTENT_MANAGE,
    limits=[Limits.BULK],
    memory=1024,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[SubjectNotFound, SubjectKeyTaken, TooManySubjects, TopicKeyTaken, Conflict],
)
def import_taxonomy(body: SyllabusImport, caller: Caller) -> ImportReport:
    """Bring in a syllabus: subjects with their topics inside each other, or a sheet of them.

    A subject is known by its key; a topic by its key, or else by its name at its place. What is there is changed, what
    is not is created, what is not named stays. Everything is checked before anything is written, up to 1,000 topics at
    once; `dryRun` says what would become of each. Repeating an import changes nothing more.
    """
    return importing.run(body, caller)


@api.get(
    "/v1/admin/taxonomy/export",
    action=Actions.CONTENT_READ,
    limits=[Limits.EXPORT],
    memory=1024,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[SubjectNotFound],
)
def export_taxonomy(query: SyllabusExportQuery) -> SyllabusExport:
    """A subject with all its topics, or all subjects, in the form that an import takes.

    `format` chooses between `subjects` and a sheet in `csv`.
    """
    return exporting.export(query)
