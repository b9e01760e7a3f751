"""A subject's topics as a tree, as they are in the table (TAX-35)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from chalicelib.content.taxonomy.errors import SubjectNotFound
from chalicelib.content.taxonomy.items import Subject, Topic, TopicCount, folded, with_topics
from chalicelib.platform import store


class SubjectTopics:
    """A subject and all its topics, as one query found them.

    Whoever writes what was computed from it checks ``Subject.tree_version == tree.version`` in the transaction. Until
    then it may be a mixture of two states, in which even a circle is possible: every walk ends nevertheless.
    """

    def __init__(self, subject: Subject, topics: Iterable[Topic], counts: Iterable[TopicCount] = ()) -> None:
        self.subject = subject
        self.topics: Mapping[str, Topic] = {str(topic.id): topic for topic in topics}
        self.counts: Mapping[str, TopicCount] = {str(count.topic_id): count for count in counts}
        self._children: dict[str | None, list[Topic]] = {}
        for topic in sorted(self.topics.values(), key=position):
            self._children.setdefault(topic.parent_id, []).append(topic)

    @property
    def version(self) -> int:
        """The ``tree_version`` that it was read at."""
        return int(self.subject.tree_version)

    def children(self, parent_id: str | None) -> list[Topic]:
        """The topics right under one, or at the top level (None), in their order."""
        return list(self._children.get(parent_id, ()))

    def ancestors(self, topic_id: str) -> list[str]:
        """The ids above a topic, from the top, without itself."""
        found: list[str] = []
        topic = self.topics.get(topic_id)
        while topic is not None and topic.parent_id is not None and topic.parent_id not in found:
            found.append(str(topic.parent_id))
            topic = self.topics.get(str(topic.parent_id))
        return found[::-1]

    def path_names(self, topic_id: str) -> list[str]:
        """The names from the top down to the topic, which is the last."""
        return [str(self.topics[one].name) for one in (*self.ancestors(topic_id), topic_id) if one in self.topics]

    def shown(self, topic_id: str) -> bool:
        """Whether students see it: active, as all above it are (TAX-33). Whether the subject is, is not asked here."""
        above = (self.topics.get(one) for one in (*self.ancestors(topic_id), topic_id))
        return all(topic is not None and topic.is_active for topic in above)

    def depth_first(self, parent_id: str | None = None, *, shown: bool = False) -> Iterator[Topic]:
        """The topics under one in their order, each before those under it; ``shown``: only what students see."""
        waiting = self.children(parent_id)[::-1]
        while waiting:
            topic = waiting.pop()
            if shown and not topic.is_active:
                continue
            yield topic
            waiting.extend(self.children(str(topic.id))[::-1])

    def height(self, topic_id: str) -> int:
        """How many levels a topic and what is under it have: 1 for a topic without children."""
        levels, level, seen = 0, {topic_id}, set[str]()
        while level:
            levels, seen = levels + 1, seen | level
            level = {str(child.id) for one in level for child in self.children(one)} - seen
        return levels


def position(topic: Topic) -> tuple[int, str, str]:
    """A topic's place among its siblings: by order index, ties by folded name (TAX-40)."""
    return int(topic.order_index), folded(str(topic.name)), str(topic.id)


def tree_of(subject_id: str, *, counts: bool = False) -> SubjectTopics:
    """A subject with all its topics (at most 1,000), also the inactive ones. One consistent query.

    ``counts``: with what hangs on each. Raises ``SubjectNotFound``.
    """
    items = store.every(with_topics(subject_id, counts=counts))
    subject = next((item for item in items if isinstance(item, Subject)), None)
    if subject is None:
        raise SubjectNotFound
    topics = (item for item in items if isinstance(item, Topic))
    return SubjectTopics(subject, topics, (item for item in items if isinstance(item, TopicCount)))
