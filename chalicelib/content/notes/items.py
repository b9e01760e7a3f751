"""Notes. Only this module knows the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.content.progress import NoteProgress
from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.store import InstantAttribute, Item, Key, Query
from chalicelib.platform.store.patterns import AccessPattern

PUBLISHED = "PUB"
DRAFT = "DRAFT"
MAX_FILE_HISTORY = 10
SNIPPET_CHARS = 200

_LISTED = (
    "id",
    "subject_id",
    "title",
    "topic_ids",
    "topic_path_ids",
    "tag_ids",
    "is_premium",
    "is_published",
    "preview_allowed",
    "page_count",
    "language",
    "subject_active",
)


class PagesState(StrEnum):
    """Whether there is a file of each single page; UNAVAILABLE: making them took too long (NOTE-32)."""

    NONE = "NONE"
    SPLITTING = "SPLITTING"
    READY = "READY"
    UNAVAILABLE = "UNAVAILABLE"


class Note(Item, discriminator="Note"):
    """A PDF note.

    ``file``: ``{object_key, version_id, content_length, file_name, size_bytes}``: where the bytes are that readers get,
    and name and size of what was uploaded; place and version never leave the backend.
    ``file_history``: at most ten of ``{file_asset_id, file_version, replaced_at, by_user_id}``, oldest first.
    ``topics``: ``{id, name, path, shown}`` of each of its topics; ``path``: the names from the top to it. ``tags``:
    ``{id, name}``. ``topic_path_ids``: its topics and all their ancestors. ``row`` holds what lists show; its
    ``published_at`` is text. ``preview_asset_id``: the file of its first pages. ``publish_at``: when it publishes
    itself; ``publish_error``: why it last did not, ``{code, missing, at}``.
    """

    id = UnicodeAttribute()
    subject_id = UnicodeAttribute()
    state = UnicodeAttribute(default=DRAFT)
    title = UnicodeAttribute()
    description = UnicodeAttribute(null=True)
    is_premium = BooleanAttribute()
    is_published = BooleanAttribute(default=False)
    preview_allowed = BooleanAttribute(default=False)
    preview_pages = NumberAttribute(default=3)
    file_asset_id = UnicodeAttribute()
    file: MapAttribute[str, Any] = MapAttribute()
    page_count = NumberAttribute()
    file_version = NumberAttribute(default=1)
    file_history: ListAttribute[MapAttribute[str, Any]] = ListAttribute(default=list)
    topic_ids: ListAttribute[str] = ListAttribute(default=list)
    topic_path_ids: ListAttribute[str] = ListAttribute(default=list)
    tag_ids: ListAttribute[str] = ListAttribute(default=list)
    subject_name = UnicodeAttribute()
    topics: ListAttribute[MapAttribute[str, Any]] = ListAttribute(default=list)
    tags: ListAttribute[MapAttribute[str, Any]] = ListAttribute(default=list)
    language = UnicodeAttribute(default="en")
    order_index = NumberAttribute(default=0)
    subject_active = BooleanAttribute(default=True)
    pages_state = UnicodeAttribute(default=PagesState.NONE)
    preview_asset_id = UnicodeAttribute(null=True)
    publish_at = InstantAttribute(null=True)
    publish_error: MapAttribute[str, Any] = MapAttribute(null=True)
    published_at = InstantAttribute(null=True)
    first_published_at = InstantAttribute(null=True)
    created_by_user_id = UnicodeAttribute()
    updated_by_user_id = UnicodeAttribute()
    created_at = InstantAttribute()
    updated_at = InstantAttribute()

    @staticmethod
    def place(note_id: str) -> Key:
        """Where a note is."""
        return Key(f"NOTE#{note_id}", "NOTE")


def values_of(note: Note) -> dict[str, Any]:
    """Every attribute of a note by name, as plain values; what changes of it are computed on."""
    names = set(Note.get_attributes()) - set(Item.get_attributes())
    return {name: _plain(getattr(note, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, MapAttribute):
        return value.as_dict()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def row_for(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the lists show of a note with these attributes."""
    published: datetime | None = values["published_at"]
    return {
        **{name: values[name] for name in _LISTED},
        "snippet": (values["description"] or "")[:SNIPPET_CHARS] or None,
        "published_at": clock.iso(published) if published else None,
    }


def index_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """Where the lists find it: of its subject, and of all; newest first by publication, drafts by last change."""
    state = PUBLISHED if values["is_published"] else DRAFT
    at: datetime = values["published_at"] if values["is_published"] else values["updated_at"]
    sort = f"{clock.iso(at)}#{values['id']}"
    return {
        "gsi1pk": f"NOTES#{values['subject_id']}#{state}",
        "gsi1sk": sort,
        "gsi2pk": f"NOTES#{state}",
        "gsi2sk": sort,
    }


def row_of(note: Note) -> Mapping[str, Any]:
    """What a note read through an index carries."""
    return plain(note.row)


def listed(
    state: str, *, subject_id: str | None = None, keep: Callable[[Mapping[str, Any]], bool] | None = None
) -> Query[Note]:
    """Notes of a state, newest first; ``keep`` looks at rows. One query of one index."""
    if subject_id is None:
        index, partition = "gsi2", f"NOTES#{state}"
    else:
        index, partition = "gsi1", f"NOTES#{subject_id}#{state}"
    chosen = None if keep is None else (lambda note: keep(row_of(note)))
    return Query(Note, partition, index=index, descending=True, keep=chosen)


PATTERNS = (
    AccessPattern(
        "a note, beside the card and the reader's progress",
        (AccessCard.place("<user>"), Note.place("<note>"), NoteProgress.place("<user>", "<note>")),
        3,
    ),
    AccessPattern("published notes, newest first", listed(PUBLISHED), 0.5, consistent=False),
    AccessPattern("drafts, last changed first", listed(DRAFT), 0.5, consistent=False),
    AccessPattern(
        "published notes of a subject, newest first", listed(PUBLISHED, subject_id="<subject>"), 0.5, consistent=False
    ),
)
