"""The trees that students see, kept by the stream (TAX-20, TAX-36), and how they are served (TAX-12)."""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from chalicelib.content.taxonomy.errors import SubjectNotFound
from chalicelib.content.taxonomy.items import SubjectTree, all_trees, subject_position
from chalicelib.content.taxonomy.topic_schemas import TreeAnswer, TreeSubject, TreeTopic
from chalicelib.content.taxonomy.tree import SubjectTopics, tree_of
from chalicelib.platform import store
from chalicelib.platform.errors import invalid

MAX_ANSWER_BYTES = 4_194_304
BYTES_OF_A_NODE = 90
"""What JSON adds to a topic's own text."""


class _Row(NamedTuple):
    """A topic as it is packed; each comes after what is above it."""

    depth: int
    id: str
    key: str | None
    name: str
    order_index: int


class Trees(NamedTuple):
    """The trees of one answer, in their order; ``version`` tells it from every other."""

    version: str
    trees: Sequence[SubjectTree]


def project(subject_id: str, tree_version: int) -> None:
    """Bring a subject's tree up to at least this version. Told late or twice, it leaves what is newer.

    It is made from the table as it is now, not from what changed, and put on the condition that what is there is older:
    an old tree never comes back, also none of a subject that was deactivated meanwhile, which keeps an empty one.
    """
    held = store.get(SubjectTree, SubjectTree.place(subject_id), consistent=False)
    if held is not None and held.tree_version >= tree_version:
        return
    tree = tree_of(subject_id)
    subject = tree.subject
    older = SubjectTree.pk.does_not_exist() | (SubjectTree.tree_version < tree.version)
    with contextlib.suppress(store.ConditionFailed):
        store.put(
            SubjectTree(
                *SubjectTree.place(subject_id),
                id=subject_id,
                key=str(subject.key),
                name=str(subject.name),
                order_index=int(subject.order_index),
                icon_asset_id=subject.icon_asset_id,
                is_active=bool(subject.is_active),
                tree_version=tree.version,
                packed=_pack(tree if subject.is_active else None),
                version=tree.version,
            ),
            when=older,
        )


def find(subject_id: str | None) -> Trees:
    """The trees of all active subjects, or of one; ``SubjectNotFound`` for one that is not, or not active. One read.

    Their version is made of what they say of themselves: nothing is unpacked to tell that they are the same.
    """
    if subject_id is None:
        trees = sorted((tree for tree in store.every(all_trees()) if tree.is_active), key=subject_position)
    else:
        one = store.get(SubjectTree, SubjectTree.place(subject_id), consistent=False)
        if one is None or not one.is_active:
            raise SubjectNotFound
        trees = [one]
    told = "".join(f"{tree.id}:{tree.tree_version};" for tree in trees)
    return Trees(hashlib.sha256(told.encode()).hexdigest()[:32], trees)


def nested(found: Trees) -> TreeAnswer:
    """The trees as they are answered. 422 when all together are more than an answer holds: then one asks by subject."""
    texts = [zlib.decompress(tree.packed) for tree in found.trees]
    rows = [[_Row(*row) for row in json.loads(text)] for text in texts]
    if sum(map(len, texts)) + BYTES_OF_A_NODE * sum(map(len, rows)) > MAX_ANSWER_BYTES:
        raise invalid("query.subjectId", "REQUIRED", "must be given: the whole syllabus is too much for one answer")
    items = [_subject(tree, topics) for tree, topics in zip(found.trees, rows, strict=True)]
    return TreeAnswer(version=found.version, items=items)


def _pack(tree: SubjectTopics | None) -> bytes:
    rows: list[_Row] = []
    depths: dict[str | None, int] = {None: 0}
    for topic in tree.depth_first(shown=True) if tree is not None else ():
        depth = depths[topic.parent_id] + 1
        depths[str(topic.id)] = depth
        rows.append(_Row(depth, str(topic.id), topic.key, str(topic.name), int(topic.order_index)))
    return zlib.compress(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode(), 9)


def _subject(tree: SubjectTree, rows: Sequence[_Row]) -> TreeSubject:
    top: list[dict[str, Any]] = []
    levels = [top]
    for row in rows:
        del levels[row.depth :]
        children: list[dict[str, Any]] = []
        levels[-1].append({**row._asdict(), "children": children})
        levels.append(children)
    own = {name: getattr(tree, name) for name in ("id", "key", "name", "order_index", "icon_asset_id")}
    return TreeSubject(**own, topics=[_topic(one) for one in top])


def _topic(node: dict[str, Any]) -> TreeTopic:
    return TreeTopic(
        id=node["id"],
        key=node["key"],
        name=node["name"],
        order_index=node["order_index"],
        children=[_topic(child) for child in node["children"]],
    )
