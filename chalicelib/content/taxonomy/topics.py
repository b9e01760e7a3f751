"""Creating, moving, renaming and (de)activating topics (TAX-05, TAX-06, TAX-31 … TAX-33).

What may be done is computed on the subject's tree and committed on its ``tree_version``: of two changes that met, one
is computed again on what the other left.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NoReturn, cast

from pynamodb.attributes import NumberAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from chalicelib.content.taxonomy.errors import (
    ParentNotInSubject,
    TooDeep,
    TooManyChildren,
    TooManyTopics,
    TopicCycle,
    TopicInUse,
    TopicKeyTaken,
    TopicNotFound,
)
from chalicelib.content.taxonomy.items import (
    LAST_ORDER_INDEX,
    MAX_CHILDREN,
    MAX_TOPICS,
    Subject,
    Topic,
    TopicCount,
    TopicKey,
    folded,
)
from chalicelib.content.taxonomy.topic_schemas import NewTopic, TopicChange
from chalicelib.content.taxonomy.tree import SubjectTopics, tree_of
from chalicelib.platform import audit, clock, settings, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import ApiError, Conflict, VersionMismatch, problem
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.records import frozen

CREATE = audit.AuditAction("topic.create", "A topic was created")
UPDATE = audit.AuditAction("topic.update", "A topic was changed or moved")
DELETE = audit.AuditAction("topic.delete", "A topic was removed")

TOPIC_MAX_DEPTH = settings.integer("TOPIC_MAX_DEPTH", default=4, minimum=1, maximum=10)
SAME_NAME = "SAME_NAME"
ORDER_STEP = 10
TRIES = 8
FIELDS = ("name", "key", "parent_id", "order_index", "is_active")


@frozen
class Changed:
    """A topic as the change left it, and what is odd about it."""

    topic: Topic
    warnings: list[str]


def create(subject_id: str, body: NewTopic, caller: Caller) -> Changed:
    """Create a topic: its subject's tree, key, topic and audit in one transaction.

    Raises ``SubjectNotFound``, ``TopicKeyTaken``, ``ParentNotInSubject``, ``TooDeep``, ``TooManyTopics``,
    ``TooManyChildren``; ``Conflict`` when others kept changing the subject's topics. Two round trips.
    """
    topic_id, now = new_ulid(), clock.now()
    for _ in range(TRIES):
        tree = tree_of(subject_id)
        values: dict[str, Any] = {name: getattr(body, name) for name in FIELDS}
        if body.order_index is None:
            values["order_index"] = after_last(tree, body.parent_id)
        check_room(tree)
        check_place(tree, body.parent_id)
        check_key(tree, body.key)
        topic = new_topic(subject_id, topic_id, values, now)
        tx = store.Transaction()
        touch(tx, tree, topics=len(tree.topics) + 1)
        tx.put(topic, when=store.absent(Topic))
        if body.key is not None:
            claim(tx, subject_id, body.key, topic_id)
        check_parent(tx, tree, body.parent_id)
        meta = {"subjectId": subject_id, "name": body.name, "parentId": body.parent_id}
        audit.write(tx, CREATE, topic_id, by=caller, meta=meta)
        try:
            tx.commit()
        except store.TransactionLost as lost:
            say_why(lost)
            continue
        return Changed(topic, warnings_of(tree, topic))
    raise Conflict


def change(topic_id: str, body: TopicChange, caller: Caller, expected: int | None) -> Changed:
    """Change what the request names and answer the topic as it is then; nothing named, or nothing new: as it was.

    ``expected`` is the version of ``If-Match``. Raises ``TopicNotFound``, ``VersionMismatch``, ``TopicKeyTaken``,
    ``ParentNotInSubject``, ``TopicCycle``, ``TooDeep``, ``TooManyChildren``, ``Conflict``. Three round trips: whose
    topic it is, the tree, the transaction.
    """
    subject_id, given = home_of(topic_id), body.given()
    for _ in range(TRIES):
        tree = tree_of(subject_id)
        topic = tree.topics.get(topic_id)
        if topic is None:
            raise TopicNotFound
        if expected is not None and expected != topic.version:
            raise VersionMismatch({"version": int(topic.version)})
        before = {name: getattr(topic, name) for name in FIELDS}
        differs = {name: value for name, value in given.items() if before[name] != value}
        if not differs:
            return Changed(topic, warnings_of(tree, topic))
        if "parent_id" in differs:
            check_place(tree, differs["parent_id"], topic)
        check_key(tree, differs.get("key"))
        tx, now = store.Transaction(), clock.now()
        touch(tx, tree)
        write_change(tx, topic, differs, now)
        check_parent(tx, tree, differs.get("parent_id"))
        meta = {"subjectId": subject_id, "changed": audit.changed({name: before[name] for name in differs}, differs)}
        audit.write(tx, UPDATE, topic_id, by=caller, meta=meta)
        try:
            tx.commit()
        except store.TransactionLost as lost:
            say_why(lost)
            continue
        after = store.became(topic, {**differs, "updated_at": now})
        return Changed(after, warnings_of(tree, after))
    raise Conflict


def remove(topic_id: str, caller: Caller) -> None:
    """Remove a topic that nothing lies under and nothing names, and free its key.

    Raises ``TopicNotFound``, ``TopicInUse``, ``Conflict``. Content that took the topic at the same moment lets go of it
    when it follows the tree. Three round trips.
    """
    subject_id = home_of(topic_id)
    for _ in range(TRIES):
        tree = tree_of(subject_id, counts=True)
        topic = tree.topics.get(topic_id)
        if topic is None:
            raise TopicNotFound
        _check_unused(tree, topic_id)
        tx = store.Transaction()
        touch(tx, tree, topics=len(tree.topics) - 1)
        tx.delete(Topic, topic.itself, when=cast(Condition, Topic.version == topic.version), name="topic")
        tx.delete(TopicCount, TopicCount.place(subject_id, topic_id), when=unused(), name="count")
        if topic.key is not None:
            tx.delete(TopicKey, TopicKey.place(subject_id, str(topic.key)))
        audit.write(tx, DELETE, topic_id, by=caller, meta={"subjectId": subject_id, "name": topic.name})
        try:
            tx.commit()
        except store.TransactionLost:
            continue
        return
    raise Conflict


def _check_unused(tree: SubjectTopics, topic_id: str) -> None:
    count = tree.counts.get(topic_id) or TopicCount()
    users = {
        "topics": len(tree.children(topic_id)),
        "notes": int(count.note_drafts) + int(count.notes_published),
        "questions": int(count.question_drafts) + int(count.questions_published),
    }
    if any(users.values()):
        raise TopicInUse(users)


def unused() -> Condition:
    """The condition that nothing is counted on a topic."""
    notes = _none(TopicCount.note_drafts) & _none(TopicCount.notes_published)
    questions = _none(TopicCount.question_drafts) & _none(TopicCount.questions_published)
    return cast(Condition, notes & questions)


def _none(number: NumberAttribute) -> Condition:
    return cast(Condition, number.does_not_exist() | (number <= 0))


def say_why(lost: store.TransactionLost) -> None:
    """Return when the tree only changed meanwhile: then what another did with the key is known from there."""
    if lost.failed("key") and not lost.failed("tree"):
        raise TopicKeyTaken from lost


def home_of(topic_id: str) -> str:
    """The id of the subject that a topic belongs to; ``TopicNotFound``."""
    found = store.fetch(Topic.anywhere(topic_id), limit=1).items
    if not found:
        raise TopicNotFound
    return found[0].home


def new_topic(subject_id: str, topic_id: str, values: dict[str, Any], now: datetime) -> Topic:
    """The item of a topic that does not exist yet; ``values`` has a value for each of ``FIELDS``."""
    return Topic(
        *Topic.place(subject_id, topic_id),
        id=topic_id,
        subject_id=subject_id,
        **values,
        created_at=now,
        updated_at=now,
        row={"is_active": values["is_active"]},
        gsi1pk=f"TOPIC#{topic_id}",
        gsi1sk="TOPIC",
    )


def touch(tx: store.Transaction, tree: SubjectTopics, *, topics: int | None = None) -> None:
    """Let the subject's tree be a new one, if it still is as it was read; ``topics``: how many it has then."""
    actions: list[Action] = [Subject.tree_version.add(1)]
    if topics is not None:
        actions += [Subject.topic_count.set(topics), Subject.row["topic_count"].set(topics)]
    as_read = cast(Condition, Subject.tree_version == tree.version)
    tx.update(Subject, tree.subject.itself, actions, when=as_read, name="tree")


def claim(tx: store.Transaction, subject_id: str, key: str, topic_id: str) -> None:
    """Take a key for a topic."""
    place = TopicKey.place(subject_id, key)
    tx.put(TopicKey(*place, topic_id=topic_id), when=store.absent(TopicKey), name="key")


def write_change(tx: store.Transaction, topic: Topic, differs: dict[str, Any], now: datetime) -> None:
    """Add the update of a topic and of its claim on a key; lost unless it still is as it was read."""
    actions: list[Action] = [
        getattr(Topic, name).remove() if value is None else getattr(Topic, name).set(value)
        for name, value in differs.items()
    ]
    if "is_active" in differs:
        actions.append(Topic.row.set({"is_active": differs["is_active"]}))
    if "key" in differs:
        if topic.key is not None:
            tx.delete(TopicKey, TopicKey.place(topic.home, str(topic.key)))
        if differs["key"] is not None:
            claim(tx, topic.home, differs["key"], str(topic.id))
    actions += [Topic.updated_at.set(now), Topic.version.add(1)]
    tx.update(Topic, topic.itself, actions, when=cast(Condition, Topic.version == topic.version), name="topic")


def after_last(tree: SubjectTopics, parent_id: str | None) -> int:
    """The order index behind the last topic right under one."""
    siblings = tree.children(parent_id)
    return min(int(siblings[-1].order_index) + ORDER_STEP, LAST_ORDER_INDEX) if siblings else ORDER_STEP


def check_room(tree: SubjectTopics) -> None:
    """``TooManyTopics`` when the subject cannot have one more."""
    if len(tree.topics) >= MAX_TOPICS:
        raise TooManyTopics({"maximum": MAX_TOPICS})


def check_key(tree: SubjectTopics, key: str | None) -> None:
    """``TopicKeyTaken`` when a topic of the subject has this key."""
    if key is not None and any(topic.key == key for topic in tree.topics.values()):
        raise TopicKeyTaken


def check_place(tree: SubjectTopics, parent_id: str | None, topic: Topic | None = None) -> None:
    """Whether a new topic, or ``topic`` with all that is under it, may come under this one (TAX-31, TAX-32)."""
    if parent_id is not None and parent_id not in tree.topics:
        _refuse(ParentNotInSubject, "is no topic of the subject")
    above = [] if parent_id is None else [*tree.ancestors(parent_id), parent_id]
    if topic is not None and topic.id in above:
        _refuse(TopicCycle, "is the topic itself or lies under it")
    deepest = TOPIC_MAX_DEPTH()
    if len(above) + (1 if topic is None else tree.height(str(topic.id))) > deepest:
        _refuse(TooDeep, f"topics lie at most {deepest} levels deep")
    if parent_id is not None and len(tree.children(parent_id)) >= MAX_CHILDREN:
        raise TooManyChildren({"maximum": MAX_CHILDREN})


def check_parent(tx: store.Transaction, tree: SubjectTopics, parent_id: str | None) -> None:
    """Hold the transaction to the parent being there."""
    if parent_id is not None:
        tx.check(Topic, Topic.place(str(tree.subject.id), parent_id), store.present(Topic), name="parent")


def warnings_of(tree: SubjectTopics, topic: Topic) -> list[str]:
    """``SAME_NAME`` when a topic beside it has its name (TAX-30)."""
    name = folded(str(topic.name))
    others = (one for one in tree.children(topic.parent_id) if one.id != topic.id)
    return [SAME_NAME] if any(folded(str(one.name)) == name for one in others) else []


def _refuse(error: type[ApiError], message: str) -> NoReturn:
    raise error([problem("body.parentId", error.code, message)])
