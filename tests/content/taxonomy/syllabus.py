"""What the tests of the syllabus share: topics in bulk, and what staff and the table say of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.content.taxonomy.items import Subject, Topic
from chalicelib.content.taxonomy.topics import new_topic
from chalicelib.platform import clock, store
from chalicelib.platform.aws import clients
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.support.client import Response

SUBJECTS, TOPICS, TAGS = "/v1/admin/subjects", "/v1/admin/topics", "/v1/admin/tags"
NOBODY = "01M7W40Q13T1PHW4JDV27B5ZA4"


def kinds(cloud: Emulator, *names: str) -> list[dict[str, Any]]:
    """The stored items of some kinds."""
    return [item for item in cloud.items() if item["kind"]["S"] in names]


def audited(cloud: Emulator) -> list[str]:
    """The actions in the audit trail."""
    return [entry["action"]["S"] for entry in kinds(cloud, "AuditEntry")]


def change(desk: Desk, topic_id: str, expect: int | None = None, headers: Any = None, **members: Any) -> Response:
    """A PATCH of a topic; members as the API names them."""
    return desk.client.patch(
        f"{TOPICS}/{topic_id}", json=members, token=desk.editor.token, expect=expect, headers=headers
    )


def listed(desk: Desk, subject: dict[str, Any], **query: Any) -> list[dict[str, Any]]:
    """The topics of a subject as staff see them."""
    found = desk.client.get(TOPICS, token=desk.editor.token, query={"subjectId": subject["id"], **query}, expect=200)
    return list(found.json["items"])


def in_bulk(subject: dict[str, Any], parents: Sequence[str | None], name: str = "Topic") -> list[str]:
    """Put a topic under each of these parents straight into the table; their ids."""
    ids = [new_ulid() for _ in parents]
    fresh = {"key": None, "is_active": True}
    topics = [
        new_topic(
            subject["id"],
            topic_id,
            {**fresh, "name": f"{name} {number}", "parent_id": parent, "order_index": number},
            clock.now(),
        )
        for number, (topic_id, parent) in enumerate(zip(ids, parents, strict=True))
    ]
    for first in range(0, len(topics), 25):
        puts = [{"PutRequest": {"Item": topic.serialize()}} for topic in topics[first : first + 25]]
        clients.dynamodb().batch_write_item(RequestItems={store.TABLE_NAME(): puts})
    place, count = Subject.place(subject["id"]), len(topics)
    actions = [Subject.topic_count.set(count), Subject.row["topic_count"].set(count), Subject.tree_version.add(1)]
    store.update(Subject, place, actions)
    return ids


def stored(subject: dict[str, Any], topic_id: str) -> Topic:
    """A topic as the table has it."""
    found = store.get(Topic, Topic.place(subject["id"], topic_id))
    assert found is not None
    return found
