"""Where lists find a note: its links to topics and tags follow it by the stream (NOTE-30), and count it (TAX-41)."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.content.notes import following
from chalicelib.content.notes.items import PUBLISHED, Note, NoteTagLink, NoteTopicLink, links_of, row_of, values_of
from chalicelib.content.taxonomy import NOTES, Tag, count_tag, count_topic
from chalicelib.platform import store
from chalicelib.platform.errors import Conflict
from chalicelib.platform.records import frozen

TRIES = 5
CHANGES_AT_ONCE = 30
"""Each is up to three actions of a transaction: the link, its count, and that its tag is there."""

Link = NoteTopicLink | NoteTagLink


@frozen
class _Step:
    """One link that has to change: ``old`` is None when it is missing, ``new`` when it is one too many."""

    old: Link | None
    new: Link | None


def reconcile(note_id: str) -> int:
    """Let the links of a note be those that it has now; how many had to change. Harmless when repeated.

    Each transaction holds the note and every link to being as they were read, so that whoever saw an older note, or
    comes twice, changes and counts nothing.
    """
    done = 0
    for _ in range(TRIES):
        found = store.every(Note.with_links(note_id))
        note = next((item for item in found if isinstance(item, Note)), None)
        steps = _steps(note, [item for item in found if isinstance(item, NoteTopicLink | NoteTagLink)])
        try:
            for first in range(0, len(steps), CHANGES_AT_ONCE):
                some = steps[first : first + CHANGES_AT_ONCE]
                _commit(note_id, note, some)
                done += len(some)
        except store.TransactionLost as lost:
            # A tag that went away while the note was written: nothing else takes it off.
            for step in steps:
                if isinstance(step.new, NoteTagLink) and lost.failed(f"tag:{step.new.tag_id}"):
                    following.untag(note_id, str(step.new.tag_id))
            continue
        return done
    raise Conflict


def _steps(note: Note | None, links: Sequence[Link]) -> list[_Step]:
    wanted = {link.itself: link for link in links_of(values_of(note), int(note.version))} if note else {}
    there = {link.itself: link for link in links}
    surplus = [_Step(link, None) for key, link in there.items() if key not in wanted]
    return [
        *surplus,
        *(
            _Step(there.get(key), link)
            for key, link in wanted.items()
            if key not in there or _shown(there[key]) != _shown(link)
        ),
    ]


def _shown(link: Link) -> tuple[object, ...]:
    """Everything of a link but of which version of the note it is."""
    keys = (link.gsi1pk, link.gsi1sk, link.gsi2pk, link.gsi2sk)
    return (*keys, row_of(link))


def _commit(note_id: str, note: Note | None, steps: Sequence[_Step]) -> None:
    tx = store.Transaction()
    as_read = store.absent(Note) if note is None else (Note.version == note.version)
    tx.check(Note, Note.place(note_id), as_read, name="note")
    for step in steps:
        _write(tx, step)
        _count(tx, step)
    tx.commit()


def _write(tx: store.Transaction, step: _Step) -> None:
    old, new = step.old, step.new
    last = new or old
    if last is None:
        return
    kind = type(last)
    unchanged = store.absent(kind) if old is None else (kind.version == old.version)
    if new is None:
        tx.delete(kind, last.itself, when=unchanged, name="link")
        return
    new.version = 1 if old is None else int(old.version) + 1
    tx.put(new, when=unchanged, name="link")
    if old is None and isinstance(new, NoteTagLink):
        tx.check(Tag, Tag.place(str(new.tag_id)), store.present(Tag), name=f"tag:{new.tag_id}")


def _count(tx: store.Transaction, step: _Step) -> None:
    """Count the note where it hangs now, and no longer where it hung: under its own topics and its tags."""
    last = step.new or step.old
    if isinstance(last, NoteTopicLink):
        published = _published(step.new) - _published(step.old)
        drafts = _hangs(step.new) - _hangs(step.old) - published
        count_topic(tx, str(last.subject_id), str(last.topic_id), NOTES, draft=drafts, published=published)
    elif last is not None:
        there = int(step.new is not None) - int(step.old is not None)
        count_tag(tx, str(last.tag_id), notes=there, published=_seen(step.new) - _seen(step.old))


def _hangs(link: Link | None) -> int:
    return int(isinstance(link, NoteTopicLink) and bool(link.direct))


def _published(link: Link | None) -> int:
    return int(bool(_hangs(link)) and link is not None and link.state == PUBLISHED)


def _seen(link: Link | None) -> int:
    """Whether students see it under a tag: published, of an active subject."""
    return int(link is not None and link.state == PUBLISHED and bool(row_of(link)["subject_active"]))
