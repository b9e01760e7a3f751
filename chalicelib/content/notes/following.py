"""Notes follow what they hang on: their subject and topics (TAX-21, NOTE-31, within a minute) and tags that go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from chalicelib.content import files
from chalicelib.content.notes.items import DRAFT, PUBLISHED, Note, on_desk, row_of, under_tag, values_of
from chalicelib.content.notes.links import values_in
from chalicelib.content.notes.writing import TRIES, place_of, write_changes
from chalicelib.content.taxonomy import Subject, SubjectNotFound, SubjectTopics, Tag, tree_of
from chalicelib.platform import store
from chalicelib.platform.errors import Conflict
from chalicelib.platform.parallel import together

CHUNK = 25
MOST = 100_000


def follow_subject(subject_id: str, told: int | None = None) -> int:
    """Let all notes of a subject say what the subject and its topics say now; how many had to change.

    Only notes that say something else are written. Harmless when repeated: what is done stays done. When the tree
    changes meanwhile it begins again with the new one, so that nobody who began earlier has the last word.
    ``told``: the ``tree_version`` that was told of; after a later change there is nothing to do, since that is told of
    too.
    """
    done = 0
    if told is not None:
        subject = store.get(Subject, Subject.place(subject_id))
        if subject is None or int(subject.tree_version) > told:
            return done
    try:
        while True:
            tree = tree_of(subject_id)
            rows = [row_of(entry) for entry in store.every(on_desk(subject_id=subject_id), most=MOST)]
            behind = [str(row["id"]) for row in rows if _differs(row, values_in(tree, row["topic_ids"]))]
            done += _in_chunks(partial(_follow, tree), behind)
            now = store.get(Subject, tree.subject.itself)
            if now is None or int(now.tree_version) == tree.version:
                return done
    except SubjectNotFound:
        return done


def let_go_of_tag(tag_id: str) -> int:
    """Take a tag that is gone off all notes; how many carried it. Harmless when repeated."""
    found = [row_of(link) for state in (PUBLISHED, DRAFT) for link in store.every(under_tag(tag_id, state=state))]
    return _in_chunks(partial(_without, tag_id), [str(row["id"]) for row in found])


def rename_tag(tag_id: str) -> int:
    """Let the notes that carry a tag call it by its name; how many carry it. Harmless when repeated.

    Told late, it says the tag's name as it is by then. One that is gone is let go of elsewhere.
    """
    tag = store.get(Tag, Tag.place(tag_id))
    if tag is None:
        return 0
    found = [row_of(link) for state in (PUBLISHED, DRAFT) for link in store.every(under_tag(tag_id, state=state))]
    return _in_chunks(partial(_call_tag, tag_id, str(tag.name)), [str(row["id"]) for row in found])


def untag(note_id: str, tag_id: str) -> None:
    """Take a tag that is gone off a note."""
    _without(tag_id, note_id)


def _in_chunks(work: Callable[[str], None], note_ids: list[str]) -> int:
    for first in range(0, len(note_ids), CHUNK):
        together(*(partial(work, note_id) for note_id in note_ids[first : first + CHUNK]))
    return len(note_ids)


_ROWS = ("subject_name", "subject_active", "topic_ids", "topic_path_ids", "topics")


def _differs(said: Mapping[str, Any], values: dict[str, Any]) -> bool:
    return any(said[name] != values[name] for name in _ROWS)


def _follow(tree: SubjectTopics, note_id: str) -> None:
    def wanted(before: dict[str, Any]) -> dict[str, Any]:
        # Moved to another subject meanwhile: that one's topics were read when it was.
        return values_in(tree, before["topic_ids"]) if before["subject_id"] == tree.subject.id else {}

    _change(note_id, wanted, _ROWS)


def _without(tag_id: str, note_id: str) -> None:
    def wanted(before: dict[str, Any]) -> dict[str, Any]:
        return {
            "tag_ids": [one for one in before["tag_ids"] if one != tag_id],
            "tags": [tag for tag in before["tags"] if tag["id"] != tag_id],
        }

    _change(note_id, wanted, ("tag_ids", "tags"))


def _call_tag(tag_id: str, name: str, note_id: str) -> None:
    def wanted(before: dict[str, Any]) -> dict[str, Any]:
        return {"tags": [{**tag, "name": name} if tag["id"] == tag_id else tag for tag in before["tags"]]}

    _change(note_id, wanted, ("tags",))


def _change(note_id: str, wanted: Callable[[dict[str, Any]], dict[str, Any]], names: Iterable[str]) -> None:
    """Change what differs of a note; one that is gone, or says it already, is left alone.

    The version grows: an editor who read the note before must not write its old values back.
    """
    for _ in range(TRIES):
        note = store.get(Note, Note.place(note_id))
        if note is None:
            return
        before = values_of(note)
        after = wanted(before)
        changed = {name: after[name] for name in names if name in after and before[name] != after[name]}
        if not changed:
            return
        values = {**before, **changed}
        tx = store.Transaction()
        write_changes(tx, note, changed, values)
        if "topic_path_ids" in changed:
            files.follow(tx, values["file_asset_id"], place_of(values))
        try:
            tx.commit()
        except store.TransactionLost:
            continue
        return
    raise Conflict
