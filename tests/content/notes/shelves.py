"""What the tests of notes share: notes in bulk, what the table says of them, and what staff and students are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.content.notes.items import Note, NoteTagLink, NoteTopicLink, desk_of, index_keys, row_for, values_of
from chalicelib.content.notes.links import values_in
from chalicelib.content.taxonomy import tree_of
from chalicelib.content.taxonomy.items import TagCount, TopicCount
from chalicelib.platform import clock, store
from chalicelib.platform.aws import clients
from chalicelib.platform.ids import new_ulid
from tests.content.desk import Desk
from tests.support.client import Response
from tests.support.people import Person

ADMIN = "/v1/admin/notes"
NOBODY = "01M7W40Q13T1PHW4JDV27B5ZA4"


def stored(note: dict[str, Any]) -> Note:
    """The note as it is."""
    found = store.get(Note, Note.place(note["id"]))
    assert found is not None
    return found


def links(note: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """The topics and tags that a note hangs on in the lists: state, and whether it names them itself."""
    found = store.every(Note.with_links(note["id"]))
    topics = {str(one.topic_id): (str(one.state), bool(one.direct)) for one in found if isinstance(one, NoteTopicLink)}
    return topics | {str(one.tag_id): (str(one.state), True) for one in found if isinstance(one, NoteTagLink)}


def counted(subject: dict[str, Any], topic: dict[str, Any]) -> tuple[int, int]:
    """How many drafts and published notes a topic counts."""
    found = store.get(TopicCount, TopicCount.place(subject["id"], topic["id"]))
    return (int(found.note_drafts), int(found.notes_published)) if found else (0, 0)


def tagged(tag: dict[str, Any]) -> tuple[int, int]:
    """How many notes, and of them published ones, a tag counts."""
    found = store.get(TagCount, TagCount.place(tag["id"]))
    return (int(found.notes), int(found.published)) if found else (0, 0)


def turn(desk: Desk, note: dict[str, Any], verb: str, body: Any = None, expect: int | None = None) -> Response:
    """Publish or unpublish."""
    return desk.post(f"{ADMIN}/{note['id']}/{verb}", body, expect)


def patch(desk: Desk, note: dict[str, Any], expect: int | None = 200, **members: Any) -> Response:
    """Change a note; members as the API names them."""
    return desk.client.patch(f"{ADMIN}/{note['id']}", json=members, token=desk.editor.token, expect=expect)


def titles(desk: Desk, reader: Person, path: str = "/v1/notes", **query: object) -> list[str]:
    """The titles of the first page of a list."""
    found = desk.client.get(path, token=reader.token, query=query, expect=200).json["items"]
    return [str(one["title"]) for one in found]


def in_bulk(desk: Desk, note: dict[str, Any], topic_ids: Sequence[str], number: int) -> list[str]:
    """Copies of a published note straight in the table, each under one of the topics in turn; their ids."""
    like, tree = values_of(stored(note)), tree_of(note["subjectId"])
    ids, puts = [new_ulid() for _ in range(number)], []
    for position, note_id in enumerate(ids):
        own = values_in(tree, [topic_ids[position % len(topic_ids)]] if topic_ids else [])
        values = {**like, **own, "id": note_id, "title": f"Note {position}", "published_at": clock.now()}
        place = Note.place(note_id)
        copy = Note(place.pk, place.sk, row=row_for(values), **values, **index_keys(values))
        puts += [copy.serialize(), desk_of(values).serialize()]
    for first in range(0, len(puts), 25):
        some = [{"PutRequest": {"Item": item}} for item in puts[first : first + 25]]
        clients.dynamodb().batch_write_item(RequestItems={store.TABLE_NAME(): some})
    return ids
