"""A syllabus as a sheet (TAX-42): CSV with a line of column names; every further row is a topic, or a subject."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from chalicelib.content.taxonomy.outline import Wanted, WantedSubject
from chalicelib.content.taxonomy.outline_schemas import MAX_LEVELS, ExportedSubject, ExportedTopic
from chalicelib.content.taxonomy.schemas import KeyText, Position, SubjectDescription, SubjectName
from chalicelib.content.taxonomy.topic_schemas import TopicName
from chalicelib.platform.errors import ValidationFailed, invalid, problem
from chalicelib.platform.http import QueryModel
from chalicelib.platform.http.bodies import problems

LEVELS = [f"topic{level}" for level in range(1, MAX_LEVELS + 1)]
COLUMNS = ["subjectKey", "subject", "description", *LEVELS, "key", "orderIndex", "isActive"]
MAX_PROBLEMS = 50
_FORMULA = ("=", "+", "-", "@", "\t")


class _Row(QueryModel):
    """The cells of a row but for its names of topics; what is empty is left out."""

    subject_key: KeyText
    subject: SubjectName | None = None
    description: SubjectDescription | None = None
    key: KeyText | None = None
    order_index: Position | None = None
    is_active: bool | None = None


class _Name(QueryModel):
    """The name of a topic."""

    name: TopicName


def read(text: str) -> list[WantedSubject]:
    """The subjects of a sheet with commas, semicolons or tabs. 422 names row and column of what is wrong."""
    head = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count), strict=True)
    try:
        lines = [(reader.line_num, line) for line in reader]
    except csv.Error as error:
        raise invalid(f"body.csv[{reader.line_num}]", "UNREADABLE", "is no line of a CSV file") from error
    names = [name.strip() for name in lines[0][1]]
    if "subjectKey" not in names or len(set(names)) < len(names) or not set(names) <= set(COLUMNS):
        raise invalid("body.csv[1]", "COLUMNS", f"must name some of the columns {', '.join(COLUMNS)}, each once")
    subjects: dict[str, WantedSubject] = {}
    found: list[dict[str, str]] = []
    for number, line in lines[1:]:
        cells = {name: _meant(cell) for name, cell in zip(names, line, strict=False) if cell.strip()}
        place = f"body.csv[{number}]"
        if any(cell.strip() for cell in line[len(names) :]):
            found.append(problem(place, "TOO_MANY_CELLS", "has more cells than there are columns"))
        elif cells:
            try:
                _add(subjects, place, cells)
            except ValidationFailed as error:
                found += [dict(one) for one in error.details or () if not isinstance(one, str)]
    if found:
        raise ValidationFailed(found[:MAX_PROBLEMS])
    return list(subjects.values())


def _add(subjects: dict[str, WantedSubject], place: str, cells: dict[str, str]) -> None:
    path = _path(place, cells)
    try:
        row = _Row.model_validate({name: cell for name, cell in cells.items() if name not in LEVELS})
    except ValidationError as error:
        raise ValidationFailed(problems(error, place)) from error
    subject = subjects.setdefault(row.subject_key, WantedSubject(place, row.subject_key))
    subject.name = row.subject or subject.name
    subject.description = row.description or subject.description
    if path:
        _put(subject.topics, place, path, row)
        return
    if row.key is not None:
        raise invalid(f"{place}.key", "NO_TOPIC", "is the key of a topic, and the row names none")
    subject.order_index, subject.is_active = row.order_index, row.is_active


def _path(place: str, cells: dict[str, str]) -> list[str]:
    given = [level for level in LEVELS if level in cells]
    if given != LEVELS[: len(given)]:
        raise invalid(f"{place}.{given[-1]}", "GAP", "must come under a topic of each column before it")
    path, found = [], []
    for level in given:
        try:
            path.append(_Name(name=cells[level]).name)
        except ValidationError as error:
            found += [{**one, "field": f"{place}.{level}"} for one in problems(error, place)]
    if found:
        raise ValidationFailed(found)
    return path


def _put(topics: list[Wanted], place: str, path: Sequence[str], row: _Row) -> None:
    """The topic of a row, under the latest ones of the names above it."""
    for name in path[:-1]:
        above = next((one for one in reversed(topics) if one.name == name), None)
        if above is None:
            above = Wanted(place, name, stated=False)
            topics.append(above)
        topics = above.children
    topic = next((one for one in topics if one.name == path[-1] and not one.stated), None)
    if topic is None:
        topic = Wanted(place, path[-1])
        topics.append(topic)
    topic.place, topic.stated = place, True
    topic.key, topic.order_index, topic.is_active = row.key, row.order_index, row.is_active


def write(subjects: Iterable[ExportedSubject]) -> str:
    """The sheet of these subjects; reading it again gives the same."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for subject in subjects:
        own = {"subject": subject.name, "description": subject.description}
        writer.writerow(_cells(subject, own, subject))
        for path, topic in _rows(subject.topics, []):
            writer.writerow(_cells(subject, {**dict(zip(LEVELS, path, strict=False)), "key": topic.key}, topic))
    return out.getvalue()


def _rows(topics: Iterable[ExportedTopic], above: list[str]) -> Iterator[tuple[list[str], ExportedTopic]]:
    for topic in topics:
        path = [*above, topic.name]
        yield path, topic
        yield from _rows(topic.children, path)


def _cells(subject: ExportedSubject, own: dict[str, Any], of: ExportedSubject | ExportedTopic) -> list[str]:
    active = "true" if of.is_active else "false"
    cells = {"subjectKey": subject.key, **own, "orderIndex": str(of.order_index), "isActive": active}
    return [_safe(str(cells.get(name) or "")) for name in COLUMNS]


def _safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _meant(cell: str) -> str:
    text = cell.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text
