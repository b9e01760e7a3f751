"""What readers keep beside a note: bookmarks (NOTE-71) and remarks (NOTE-73), page by page."""

from __future__ import annotations

import contextlib
import re
from typing import cast

from pynamodb.expressions.condition import Condition, size
from pynamodb.expressions.operand import Path

from chalicelib.content.progress.errors import PageNotFound, TooManyBookmarks
from chalicelib.content.progress.items import Bookmarks, Remark
from chalicelib.content.progress.schemas import BookmarkAnswer
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import plain
from chalicelib.platform.errors import Conflict, VersionMismatch

TRIES = 6
MAX_BOOKMARKS = 500
_NUMBER = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)


def number_of(text: str, page_count: int | None = None) -> int:
    """The page that a path names, where known one of so many. Raises ``PageNotFound``."""
    if not _NUMBER.fullmatch(text) or (page_count is not None and int(text) > page_count):
        raise PageNotFound
    return int(text)


def set_bookmark(user_id: str, note_id: str, page: int, marks: object) -> BookmarkAnswer:
    """Mark a page; ``marks``: the reader's item as it was read, or None. One that is marked stays as it is.

    Raises ``TooManyBookmarks``, under any number of parallel ones. One round trip.
    """
    place, name = Bookmarks.place(user_id), f"{note_id}#{page}"
    for _ in range(TRIES):
        known = marks if isinstance(marks, Bookmarks) else None
        pages = plain(known.pages) if known is not None else {}
        if name in pages:
            return BookmarkAnswer(note_id=note_id, page=page, created_at=clock.parse_iso(pages[name]))
        if len(pages) >= MAX_BOOKMARKS:
            raise TooManyBookmarks({"most": MAX_BOOKMARKS})
        now = clock.now()
        try:
            if known is None:
                first = Bookmarks(place.pk, place.sk, pages={name: clock.iso(now)})
                store.put(first, when=store.absent(Bookmarks))
            else:
                path = Path(["pages", name])
                room = path.does_not_exist() & (size(Path(["pages"])) < MAX_BOOKMARKS)
                actions = [path.set(clock.iso(now)), Bookmarks.version.add(1)]
                store.update(Bookmarks, place, actions, when=cast(Condition, room))
        except store.ConditionFailed as failed:
            marks = failed.item
            continue
        return BookmarkAnswer(note_id=note_id, page=page, created_at=now)
    raise Conflict


def remove_bookmark(user_id: str, note_id: str, page: int) -> None:
    """Take a mark off; nothing there is fine. One round trip."""
    path = Path(["pages", f"{note_id}#{page}"])
    with contextlib.suppress(store.ConditionFailed):
        actions = [path.remove(), Bookmarks.version.add(1)]
        store.update(Bookmarks, Bookmarks.place(user_id), actions, when=path.exists())


def write_remark(user_id: str, note_id: str, page: int, text: str, expected: int | None) -> Remark:
    """Write down something about a page, in place of what was there.

    ``expected``: the version of ``If-Match``; raises ``VersionMismatch`` unless the remark has it. Without it the later
    one stays. One round trip.
    """
    now = clock.now()
    actions = [
        Remark.text.set(text),
        Remark.note_id.set(note_id),
        Remark.page.set(page),
        Remark.kind.set(Remark),
        Remark.created_at.set(Remark.created_at | now),
        Remark.updated_at.set(now),
        Remark.version.add(1),
    ]
    as_read = None if expected is None else cast(Condition, Remark.version == expected)
    try:
        return store.update(Remark, Remark.place(user_id, note_id, page), actions, when=as_read)
    except store.ConditionFailed as failed:
        found = failed.item
        raise VersionMismatch({"version": int(found.version)} if found is not None else None) from failed


def remove_remark(user_id: str, note_id: str, page: int) -> None:
    """Remove a remark; nothing there is fine."""
    store.delete(Remark, Remark.place(user_id, note_id, page))
