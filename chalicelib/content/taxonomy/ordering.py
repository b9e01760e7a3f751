"""Giving subjects, or the topics of one, new places (TAX-04, TAX-08): all of them, or none."""

from __future__ import annotations

from collections.abc import Container
from datetime import datetime
from typing import cast

from pynamodb.expressions.condition import Condition

from chalicelib.content.taxonomy.items import Subject, Topic, index_keys, subject_position
from chalicelib.content.taxonomy.topic_schemas import Reordering
from chalicelib.content.taxonomy.topics import TRIES, touch, write_change
from chalicelib.content.taxonomy.tree import SubjectTopics, position, tree_of
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import Conflict, ValidationFailed, problem

SUBJECTS = audit.AuditAction("subject.reorder", "Subjects were given new places")
TOPICS = audit.AuditAction("topic.reorder", "Topics of a subject were given new places")
ALL = "*"


def reorder_subjects(body: Reordering, caller: Caller) -> list[Subject]:
    """Give subjects new order indexes and answer them in their order. One batch read, one transaction.

    Raises 422 for a subject that is named twice or unknown; ``Conflict`` when others kept changing them.
    """
    wanted = {one.id: one.order_index for one in body.items}
    for _ in range(TRIES):
        found = store.get_many([Subject.place(subject_id) for subject_id in wanted])
        subjects = {str(one.id): one for one in found if isinstance(one, Subject)}
        _check_named(body, subjects, "SUBJECT_NOT_FOUND")
        moved = [one for subject_id, one in subjects.items() if one.order_index != wanted[subject_id]]
        tx, now = store.Transaction(), clock.now()
        for subject in moved:
            _move_subject(tx, subject, wanted[str(subject.id)], now)
        before = {str(one.id): int(one.order_index) for one in moved}
        if moved:
            changed = audit.changed(before, {subject_id: wanted[subject_id] for subject_id in before})
            audit.write(tx, SUBJECTS, ALL, by=caller, meta={"changed": changed})
        try:
            if moved:
                tx.commit()
        except store.TransactionLost:
            continue
        for subject in moved:
            store.became(subject, {"order_index": wanted[str(subject.id)], "updated_at": now})
        return sorted(subjects.values(), key=subject_position)
    raise Conflict


def _move_subject(tx: store.Transaction, subject: Subject, order_index: int, now: datetime) -> None:
    keys = index_keys(order_index, str(subject.name), str(subject.id))
    as_read = (Subject.version == subject.version) & (Subject.tree_version == subject.tree_version)
    actions = [
        Subject.order_index.set(order_index),
        Subject.updated_at.set(now),
        Subject.row["order_index"].set(order_index),
        Subject.row["updated_at"].set(clock.iso(now)),
        Subject.gsi1sk.set(keys["gsi1sk"]),
        Subject.version.add(1),
        Subject.tree_version.add(1),
    ]
    tx.update(Subject, subject.itself, actions, when=cast(Condition, as_read))


def reorder_topics(subject_id: str, body: Reordering, caller: Caller) -> list[Topic]:
    """Give topics of a subject new order indexes and answer them in their order. One query, one transaction.

    Raises ``SubjectNotFound``, 422 for a topic that is named twice or unknown here; ``Conflict``.
    """
    wanted = {one.id: one.order_index for one in body.items}
    for _ in range(TRIES):
        tree = tree_of(subject_id)
        _check_named(body, tree.topics, "TOPIC_NOT_FOUND")
        if _commit_topics(tree, wanted, caller):
            return sorted((tree.topics[topic_id] for topic_id in wanted), key=position)
    raise Conflict


def _commit_topics(tree: SubjectTopics, wanted: dict[str, int], caller: Caller) -> bool:
    moved = [tree.topics[one] for one, order_index in wanted.items() if tree.topics[one].order_index != order_index]
    if not moved:
        return True
    tx, now = store.Transaction(), clock.now()
    touch(tx, tree)
    for topic in moved:
        write_change(tx, topic, {"order_index": wanted[str(topic.id)]}, now)
    before = {str(one.id): int(one.order_index) for one in moved}
    changed = audit.changed(before, {topic_id: wanted[topic_id] for topic_id in before})
    audit.write(tx, TOPICS, str(tree.subject.id), by=caller, meta={"changed": changed})
    try:
        tx.commit()
    except store.TransactionLost:
        return False
    for topic in moved:
        store.became(topic, {"order_index": wanted[str(topic.id)], "updated_at": now})
    return True


def _check_named(body: Reordering, known: Container[str], issue: str) -> None:
    problems, seen = [], set[str]()
    for number, one in enumerate(body.items):
        if one.id in seen:
            problems.append(problem(f"body.items[{number}].id", "DUPLICATE", "is named twice"))
        elif one.id not in known:
            problems.append(problem(f"body.items[{number}].id", issue, "there is none here"))
        seen.add(one.id)
    if problems:
        raise ValidationFailed(problems)
