"""Notes, and what they are found by. Only this module knows the keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from pynamodb.attributes import BooleanAttribute, ListAttribute, MapAttribute, NumberAttribute, UnicodeAttribute

from chalicelib.content.progress import NoteProgress
from chalicelib.platform import clock
from chalicelib.platform.access.card import AccessCard
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
    "order_index",
    "subject_active",
)
_DESK = "DESKNOTES"
_SCHEDULE = "NOTESCHEDULE"


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

    @staticmethod
    def with_links(note_id: str) -> Query[Item]:
        """A note and everything in its partition that lists find it by: one consistent query."""
        return Query(Item, f"NOTE#{note_id}", consistent=True)


class NoteDesk(Item, discriminator="NoteDesk"):
    """A note as its editors' lists show it, last changed first; written with the note.

    ``row``: what the note's own row has, and ``subject_name``, ``topics``, ``updated_at``, ``publish_at``,
    ``publish_failed``.
    """

    @staticmethod
    def place(note_id: str) -> Key:
        """Where a note's entry in those lists is."""
        return Key(f"NOTE#{note_id}", "DESK")


class NoteSchedule(Item, discriminator="NoteSchedule"):
    """That a note publishes itself at an instant; there only while it is to. ``row`` is ``{id}``.

    ``user_id``: who asked for it, and hears of it when it fails.
    """

    note_id = UnicodeAttribute()
    publish_at = InstantAttribute()
    user_id = UnicodeAttribute()

    @staticmethod
    def place(note_id: str) -> Key:
        """Where a note's is."""
        return Key(f"NOTE#{note_id}", "SCHEDULE")

    @staticmethod
    def due(now: datetime) -> Query[NoteSchedule]:
        """Those whose instant has come, the earliest first."""
        # The bound sorts behind every entry of this very millisecond.
        return Query(NoteSchedule, _SCHEDULE, index="gsi1", between=("0", f"{clock.iso(now)}$"))


class NoteTopicLink(Item, discriminator="NoteTopicLink"):
    """A note under one of its topics, or under one above them; a projection that the stream keeps.

    ``direct``: the note names the topic itself. ``state``: PUB or DRAFT. ``note_version``: of the note that it shows.
    """

    note_id = UnicodeAttribute()
    subject_id = UnicodeAttribute()
    topic_id = UnicodeAttribute()
    direct = BooleanAttribute()
    state = UnicodeAttribute()
    note_version = NumberAttribute()

    @staticmethod
    def place(note_id: str, topic_id: str) -> Key:
        """Where the link of a note to a topic is."""
        return Key(f"NOTE#{note_id}", f"LINK#TOPIC#{topic_id}")


class NoteTagLink(Item, discriminator="NoteTagLink"):
    """A note under one of its tags; likewise."""

    note_id = UnicodeAttribute()
    tag_id = UnicodeAttribute()
    state = UnicodeAttribute()
    note_version = NumberAttribute()

    @staticmethod
    def place(note_id: str, tag_id: str) -> Key:
        """Where the link of a note to a tag is."""
        return Key(f"NOTE#{note_id}", f"LINK#TAG#{tag_id}")


def values_of(note: Note) -> dict[str, Any]:
    """Every attribute of a note by name, as plain values; what changes of it are computed on."""
    names = set(Note.get_attributes()) - set(Item.get_attributes())
    return {name: _plain(getattr(note, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, MapAttribute):
        value = value.as_dict()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
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


def _state_and_sort(values: Mapping[str, Any]) -> tuple[str, str]:
    """Newest first by publication, drafts by last change."""
    published = bool(values["is_published"])
    at: datetime = values["published_at"] if published else values["updated_at"]
    return PUBLISHED if published else DRAFT, f"{clock.iso(at)}#{values['id']}"


def index_keys(values: Mapping[str, Any]) -> dict[str, Any]:
    """Where the lists find it: of its subject, and of all."""
    state, sort = _state_and_sort(values)
    return {
        "gsi1pk": f"NOTES#{values['subject_id']}#{state}",
        "gsi1sk": sort,
        "gsi2pk": f"NOTES#{state}",
        "gsi2sk": sort,
    }


def desk_of(values: Mapping[str, Any]) -> NoteDesk:
    """The entry in its editors' lists of a note with these attributes."""
    sort = f"{clock.iso(values['updated_at'])}#{values['id']}"
    publish_at: datetime | None = values["publish_at"]
    row = {
        **row_for(values),
        **{name: values[name] for name in ("subject_name", "topics")},
        "updated_at": clock.iso(values["updated_at"]),
        "publish_at": clock.iso(publish_at) if publish_at else None,
        "publish_failed": values["publish_error"] is not None,
    }
    keys: dict[str, Any] = {
        "gsi1pk": f"{_DESK}#{values['subject_id']}",
        "gsi1sk": sort,
        "gsi2pk": _DESK,
        "gsi2sk": sort,
    }
    return NoteDesk(*NoteDesk.place(values["id"]), row=row, **keys)


def schedule_of(note_id: str, publish_at: datetime, user_id: str) -> NoteSchedule:
    """That a note is to publish itself."""
    keys: dict[str, Any] = {"gsi1pk": _SCHEDULE, "gsi1sk": f"{clock.iso(publish_at)}#{note_id}"}
    where = NoteSchedule.place(note_id)
    return NoteSchedule(*where, note_id=note_id, publish_at=publish_at, user_id=user_id, row={"id": note_id}, **keys)


def links_of(values: Mapping[str, Any], version: int) -> list[NoteTopicLink | NoteTagLink]:
    """Every link that a note with these attributes has."""
    note_id, subject_id = str(values["id"]), str(values["subject_id"])
    state, sort = _state_and_sort(values)
    common: dict[str, Any] = {"note_id": note_id, "state": state, "note_version": version, "row": row_for(values)}
    found: list[NoteTopicLink | NoteTagLink] = []
    for topic_id in values["topic_path_ids"]:
        direct = topic_id in values["topic_ids"]
        keys: dict[str, Any] = {"gsi2pk": f"PATHNOTES#{topic_id}#{state}", "gsi2sk": sort}
        if direct:
            keys |= {"gsi1pk": f"TOPICNOTES#{topic_id}#{state}", "gsi1sk": sort}
        pk, sk = NoteTopicLink.place(note_id, topic_id)
        own = {"subject_id": subject_id, "topic_id": topic_id, "direct": direct}
        found.append(NoteTopicLink(pk, sk, **own, **common, **keys))
    for tag_id in values["tag_ids"]:
        pk, sk = NoteTagLink.place(note_id, tag_id)
        keys = {"gsi1pk": f"TAGNOTES#{tag_id}#{state}", "gsi1sk": sort}
        found.append(NoteTagLink(pk, sk, tag_id=tag_id, **common, **keys))
    return found


def row_of(note: Item) -> Mapping[str, Any]:
    """What a note, or a link or entry of it, carries that was read through an index."""
    row: Mapping[str, Any] = _plain(note.row)
    return row


Keep = Callable[[Mapping[str, Any]], bool]


def _chosen(keep: Keep | None) -> Callable[[Item], bool] | None:
    return None if keep is None else (lambda item: keep(row_of(item)))


def listed(state: str, *, subject_id: str | None = None, keep: Keep | None = None) -> Query[Note]:
    """Notes of a state, newest first; ``keep`` looks at rows. One query of one index."""
    if subject_id is None:
        index, partition = "gsi2", f"NOTES#{state}"
    else:
        index, partition = "gsi1", f"NOTES#{subject_id}#{state}"
    return Query(Note, partition, index=index, descending=True, keep=_chosen(keep))


def under_topic(topic_id: str, *, below: bool = False, keep: Keep | None = None) -> Query[NoteTopicLink]:
    """Published notes of a topic, newest first; ``below``: also of the topics under it. One query of one index."""
    index, name = ("gsi2", "PATHNOTES") if below else ("gsi1", "TOPICNOTES")
    partition = f"{name}#{topic_id}#{PUBLISHED}"
    return Query(NoteTopicLink, partition, index=index, descending=True, keep=_chosen(keep))


def under_tag(tag_id: str, *, state: str = PUBLISHED, keep: Keep | None = None) -> Query[NoteTagLink]:
    """Notes of a tag, newest first. One query of one index."""
    return Query(NoteTagLink, f"TAGNOTES#{tag_id}#{state}", index="gsi1", descending=True, keep=_chosen(keep))


def on_desk(*, subject_id: str | None = None, keep: Keep | None = None) -> Query[NoteDesk]:
    """All notes, published or not, or those of a subject, last changed first. One query of one index."""
    index, partition = ("gsi2", _DESK) if subject_id is None else ("gsi1", f"{_DESK}#{subject_id}")
    return Query(NoteDesk, partition, index=index, descending=True, keep=_chosen(keep))


_SOME = clock.parse_iso("2026-01-01T00:00:00Z")

PATTERNS = (
    AccessPattern(
        "a note, beside the card and the reader's progress",
        (AccessCard.place("<user>"), Note.place("<note>"), NoteProgress.place("<user>", "<note>")),
        3,
    ),
    AccessPattern("published notes, newest first", listed(PUBLISHED), 0.5, consistent=False),
    AccessPattern(
        "published notes of a subject, newest first", listed(PUBLISHED, subject_id="<subject>"), 0.5, consistent=False
    ),
    AccessPattern("published notes of a topic itself", under_topic("<topic>"), 0.5, consistent=False),
    AccessPattern(
        "published notes of a topic and of those below it", under_topic("<topic>", below=True), 0.5, consistent=False
    ),
    AccessPattern("published notes of a tag", under_tag("<tag>"), 0.5, consistent=False),
    AccessPattern("drafts of a tag", under_tag("<tag>", state=DRAFT), 0.5, consistent=False),
    AccessPattern("all notes for their editors, last changed first", on_desk(), 0.5, consistent=False),
    AccessPattern("all notes of a subject for their editors", on_desk(subject_id="<subject>"), 0.5, consistent=False),
    AccessPattern("notes whose instant of publication has come", NoteSchedule.due(_SOME), 0.5, consistent=False),
    AccessPattern("a note and everything that lists find it by", Note.with_links("<note>"), 1),
)
