"""What an import would make of a subject's topics (TAX-42): found, checked and put in order before anything is written.

A topic is the one of its key, or else the one of its name at its place whose key is not another. Topics that are not
named stay. Steps come parents first, and each obeys the bounds of TAX-31 on what those before it leave.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from chalicelib.content.taxonomy.errors import TooDeep, TooManyChildren, TooManyTopics, TopicCycle
from chalicelib.content.taxonomy.items import LAST_ORDER_INDEX, MAX_CHILDREN, MAX_TOPICS, Topic, folded
from chalicelib.content.taxonomy.outline import Wanted, WantedSubject
from chalicelib.content.taxonomy.outline_schemas import Outcome
from chalicelib.content.taxonomy.topics import FIELDS, ORDER_STEP, TOPIC_MAX_DEPTH
from chalicelib.content.taxonomy.tree import SubjectTopics, position
from chalicelib.platform.errors import ApiError, problem
from chalicelib.platform.records import frozen


@frozen
class Step:
    """One topic: ``values`` what it is afterwards by ``FIELDS``, ``differs`` those of them that are new."""

    wanted: Wanted
    topic: Topic | None
    path: list[str]
    values: Mapping[str, Any]
    differs: Mapping[str, Any]

    @property
    def outcome(self) -> Outcome:
        """Created, changed, or as it was."""
        if self.topic is None:
            return Outcome.CREATED
        return Outcome.CHANGED if self.differs else Outcome.UNCHANGED


class Plan:
    """The steps for a subject, and what is wrong with them."""

    def __init__(self, subject: WantedSubject, tree: SubjectTopics | None) -> None:
        topics = tree.topics if tree is not None else {}
        self.steps: list[Step] = []
        self.problems: list[dict[str, str]] = []
        self._parents: dict[str, str | None] = {}
        self._under: defaultdict[str | None, set[str]] = defaultdict(set)
        self._last: dict[str | None, int] = {}
        self._named: defaultdict[tuple[str | None, str], list[Topic]] = defaultdict(list)
        for topic in sorted(topics.values(), key=position):
            self._lay(str(topic.id), topic.parent_id, int(topic.order_index))
            self._named[topic.parent_id, folded(str(topic.name))].append(topic)
        self._held = self._by_key(subject, topics)
        self._taken = {str(topic.id) for topic in self._held.values()}
        paths: dict[str, list[str]] = {}
        ids: dict[str, str] = {}
        for above, wanted in subject.walk():
            parent_id = ids[above.id] if above is not None else None
            known = self._held.get(wanted.id) or self._by_name(wanted, parent_id)
            ids[wanted.id] = str(known.id) if known is not None else wanted.id
            paths[wanted.id] = [*(paths[above.id] if above is not None else ()), wanted.name]
            self._step(wanted, known, parent_id, paths[wanted.id])
        if len(self._parents) > MAX_TOPICS:
            self._wrong(subject.place, TooManyTopics, f"would have more than {MAX_TOPICS} topics")

    def _by_key(self, subject: WantedSubject, topics: Mapping[str, Topic]) -> dict[str, Topic]:
        keyed = {topic.key: topic for topic in topics.values() if topic.key is not None}
        found: dict[str, Topic] = {}
        seen: set[str] = set()
        for _, wanted in subject.walk():
            if wanted.key is None:
                continue
            if wanted.key in seen:
                self.problems.append(problem(f"{wanted.place}.key", "DUPLICATE", "is the key of another one"))
            elif wanted.key in keyed:
                found[wanted.id] = keyed[wanted.key]
            seen.add(wanted.key)
        return found

    def _by_name(self, wanted: Wanted, parent_id: str | None) -> Topic | None:
        for topic in self._named[parent_id, folded(wanted.name)]:
            if topic.id not in self._taken and (wanted.key is None or topic.key is None):
                self._taken.add(str(topic.id))
                return topic
        return None

    def _lay(self, topic_id: str, parent_id: str | None, order_index: int) -> None:
        self._under[self._parents.get(topic_id)].discard(topic_id)
        self._parents[topic_id] = parent_id
        self._under[parent_id].add(topic_id)
        self._last[parent_id] = max(order_index, self._last.get(parent_id, 0))

    def _step(self, wanted: Wanted, topic: Topic | None, parent_id: str | None, path: list[str]) -> None:
        before = {name: getattr(topic, name) for name in FIELDS} if topic is not None else {}
        values: dict[str, Any] = {
            "key": wanted.key or before.get("key"),
            "name": wanted.name,
            "parent_id": parent_id,
            "order_index": wanted.order_index,
            "is_active": wanted.is_active,
        }
        if wanted.order_index is None:
            behind = min(self._last.get(parent_id, 0) + ORDER_STEP, LAST_ORDER_INDEX)
            values["order_index"] = before.get("order_index", behind)
        if wanted.is_active is None:
            values["is_active"] = before.get("is_active", True)
        differs = {name: value for name, value in values.items() if topic is None or before[name] != value}
        topic_id = str(topic.id) if topic is not None else wanted.id
        if "parent_id" in differs:
            self._check_place(wanted, topic_id, parent_id)
        self._lay(topic_id, parent_id, int(values["order_index"]))
        self.steps.append(Step(wanted, topic, path, values, differs))

    def _check_place(self, wanted: Wanted, topic_id: str, parent_id: str | None) -> None:
        above: list[str] = []
        one = parent_id
        while one is not None and one not in above:
            above.append(one)
            one = self._parents.get(one)
        if topic_id in above:
            self._wrong(wanted.place, TopicCycle, "would lie under itself")
        elif len(above) + self._height(topic_id) > TOPIC_MAX_DEPTH():
            self._wrong(wanted.place, TooDeep, f"topics lie at most {TOPIC_MAX_DEPTH()} levels deep")
        elif parent_id is not None and len(self._under[parent_id]) >= MAX_CHILDREN:
            self._wrong(wanted.place, TooManyChildren, f"at most {MAX_CHILDREN} topics lie right under one")

    def _height(self, topic_id: str) -> int:
        height, level = 1, self._under[topic_id]
        while level and height <= len(self._parents):
            height, level = height + 1, {one for parent in level for one in self._under[parent]}
        return height

    def _wrong(self, place: str, error: type[ApiError], message: str) -> None:
        self.problems.append(problem(place, error.code, message))
