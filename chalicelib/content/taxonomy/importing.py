"""Bringing in a whole syllabus (TAX-42): all of it is checked before anything of it is written."""

from __future__ import annotations

from functools import partial
from typing import Any

from chalicelib.content.taxonomy import sheet, subjects, topics
from chalicelib.content.taxonomy.errors import TooManySubjects
from chalicelib.content.taxonomy.items import MAX_SUBJECTS, MAX_TOPICS, Subject, SubjectCount, SubjectKey, Topic
from chalicelib.content.taxonomy.outline import WantedSubject, of_outlines
from chalicelib.content.taxonomy.outline_schemas import (
    MAX_OUTLINED_SUBJECTS,
    ImportedSubject,
    ImportedTopic,
    ImportReport,
    Outcome,
    SyllabusImport,
)
from chalicelib.content.taxonomy.planning import Plan, Step
from chalicelib.content.taxonomy.schemas import NewSubject, SubjectChange
from chalicelib.content.taxonomy.tree import SubjectTopics, tree_of
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, ValidationFailed, invalid, problem
from chalicelib.platform.parallel import submit
from chalicelib.platform.records import frozen

IMPORT = audit.AuditAction("topic.import", "Topics were brought in with a syllabus")

CHUNK = 30
"""Topics a transaction: each is up to three actions, itself and a claim on a key given up and taken."""
MAX_PROBLEMS = 50


@frozen
class _Known:
    """A subject that is asked for, and what there is of it."""

    wanted: WantedSubject
    tree: SubjectTopics | None
    plan: Plan


def run(body: SyllabusImport, caller: Caller) -> ImportReport:
    """Create or change what the syllabus names, and nothing of what it does not; or, dry, say what that would do.

    Raises 422 with every problem, each by its field or row, and ``TooManySubjects``, before anything is written. Then
    subject by subject, thirty topics a transaction: interrupted (``Conflict`` when others kept changing the same
    subject), it is continued by asking once more.
    """
    wanted = sheet.read(body.csv) if body.csv is not None else of_outlines(body.subjects or [])
    found = _look(wanted)
    report = [_report(one) for one in found]
    if not body.dry_run:
        for one, told in zip(found, report, strict=True):
            told.id = _apply(one, caller)
            for step, topic in zip(one.plan.steps, told.topics, strict=True):
                topic.id = topic.id or step.wanted.id
    return ImportReport(dry_run=body.dry_run, subjects=report)


def _look(wanted: list[WantedSubject]) -> list[_Known]:
    """All that is asked for beside what there is of it: one batch read, then one query a subject, all at once."""
    _check_whole(wanted)
    *claims, count = store.get_many([*(SubjectKey.place(one.key) for one in wanted), SubjectCount.place()])
    ids = [str(claim.subject_id) if isinstance(claim, SubjectKey) else None for claim in claims]
    reading = [submit(partial(tree_of, subject_id)) if subject_id else None for subject_id in ids]
    trees = [one.result() if one is not None else None for one in reading]
    found = [_Known(one, tree, Plan(one, tree)) for one, tree in zip(wanted, trees, strict=True)]
    problems = [
        problem(f"{one.wanted.place}.name", "REQUIRED", "must be given: there is no subject of this key yet")
        for one in found
        if one.tree is None and one.wanted.name is None
    ]
    problems += [one_problem for one in found for one_problem in one.plan.problems]
    if problems:
        raise ValidationFailed(problems[:MAX_PROBLEMS])
    if (int(count.number) if isinstance(count, SubjectCount) else 0) + trees.count(None) > MAX_SUBJECTS:
        raise TooManySubjects
    return found


def _check_whole(wanted: list[WantedSubject]) -> None:
    keys = [one.key for one in wanted]
    problems = [
        problem(f"{one.place}.key", "DUPLICATE", "is the key of another one")
        for number, one in enumerate(wanted)
        if one.key in keys[:number]
    ]
    if problems:
        raise ValidationFailed(problems)
    if not 1 <= len(wanted) <= MAX_OUTLINED_SUBJECTS:
        raise invalid("body", "SUBJECTS", f"must name 1 to {MAX_OUTLINED_SUBJECTS} subjects")
    if sum(1 for one in wanted for _ in one.walk()) > MAX_TOPICS:
        raise invalid("body", "TOO_MANY_TOPICS", f"must name at most {MAX_TOPICS} topics; send the others after them")


def _report(known: _Known) -> ImportedSubject:
    outcomes = [step.outcome for step in known.plan.steps]
    tree = known.tree
    outcome = Outcome.CREATED
    if tree is not None:
        outcome = Outcome.CHANGED if _subject_changes(known.wanted, tree.subject) else Outcome.UNCHANGED
    return ImportedSubject(
        id=str(tree.subject.id) if tree is not None else None,
        key=known.wanted.key,
        outcome=outcome,
        created=outcomes.count(Outcome.CREATED),
        changed=outcomes.count(Outcome.CHANGED),
        unchanged=outcomes.count(Outcome.UNCHANGED),
        topics=[
            ImportedTopic(id=str(step.topic.id) if step.topic else None, path=step.path, outcome=step.outcome)
            for step in known.plan.steps
        ],
    )


def _subject_changes(wanted: WantedSubject, subject: Subject | None) -> dict[str, Any]:
    """The members that are given, by their names outside; of a subject that is there, those that differ."""
    members = {
        "name": ("name", wanted.name),
        "description": ("description", wanted.description),
        "orderIndex": ("order_index", wanted.order_index),
        "isActive": ("is_active", wanted.is_active),
    }
    return {
        outside: value
        for outside, (inside, value) in members.items()
        if value is not None and (subject is None or getattr(subject, inside) != value)
    }


def _apply(known: _Known, caller: Caller) -> str:
    members = _subject_changes(known.wanted, known.tree.subject if known.tree is not None else None)
    if known.tree is None:
        subject = subjects.create(NewSubject.model_validate({"key": known.wanted.key, **members}), caller)
    else:
        subject = known.tree.subject
        if members:
            subject = subjects.change(subject, SubjectChange.model_validate(members), caller, None)
    for _ in range(topics.TRIES):
        tree = tree_of(str(subject.id))
        plan = Plan(known.wanted, tree)
        if plan.problems:
            raise ValidationFailed(plan.problems[:MAX_PROBLEMS])
        if _write(tree, [step for step in plan.steps if step.differs], caller):
            return str(subject.id)
    raise Conflict


def _write(tree: SubjectTopics, steps: list[Step], caller: Caller) -> bool:
    """Write the steps in their order; False when the tree changed meanwhile: what is left is planned again."""
    count = len(tree.topics)
    for first in range(0, len(steps), CHUNK):
        chunk = steps[first : first + CHUNK]
        count += sum(step.topic is None for step in chunk)
        try:
            _commit(tree, chunk, count, caller)
        except store.TransactionLost as lost:
            topics.say_why(lost)
            return False
        tree.subject.tree_version = tree.version + 1
    return True


def _commit(tree: SubjectTopics, steps: list[Step], count: int, caller: Caller) -> None:
    subject_id, now = str(tree.subject.id), clock.now()
    created = [step for step in steps if step.topic is None]
    tx = store.Transaction()
    topics.touch(tx, tree, topics=count)
    for step in steps:
        if step.topic is not None:
            topics.write_change(tx, step.topic, dict(step.differs), now)
            continue
        topic: Topic = topics.new_topic(subject_id, step.wanted.id, dict(step.values), now)
        tx.put(topic, when=store.absent(Topic))
        if step.values["key"] is not None:
            topics.claim(tx, subject_id, step.values["key"], step.wanted.id)
    names = [" / ".join(step.path) for step in steps]
    meta = {"created": len(created), "changed": len(steps) - len(created), "topics": names}
    audit.write(tx, IMPORT, subject_id, by=caller, meta=meta)
    tx.commit()
