"""Drafts that publish themselves at an instant."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from chalicelib.content.notes import scheduling
from chalicelib.content.notes.items import Note, NoteSchedule
from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from chalicelib.platform.messages import Message
from tests.content.desk import Desk
from tests.content.notes.shelves import ADMIN, patch, stored, titles, turn
from tests.support.races import at_once, just_before


def in_seconds(seconds: int) -> str:
    """An instant as a request names it."""
    return clock.iso(clock.now() + timedelta(seconds=seconds))


def run(desk: Desk) -> dict[str, Any]:
    """What one run of the schedule did."""
    outcome = desk.cloud.invoke("publish_notes")
    assert outcome.error is None
    answer: dict[str, Any] = outcome.answer
    return answer


def audited(desk: Desk, action: str) -> list[dict[str, Any]]:
    """The audit entries of an action."""
    return [item for item in desk.cloud.items() if item.get("action", {}).get("S") == action]


def waiting(note: dict[str, Any]) -> bool:
    """Whether the note is to publish itself."""
    return store.get(NoteSchedule, NoteSchedule.place(note["id"])) is not None


def mails(desk: Desk) -> list[Message]:
    """What was sent to editors."""
    found = [store.read(item) for item in desk.cloud.items() if item["kind"]["S"] == "Message"]
    return [one for one in found if isinstance(one, Message)]


@pytest.mark.rule("NOTE-33", "NOTE-11")
def test_a_draft_publishes_itself_when_its_instant_has_come(desk: Desk) -> None:
    note, other, at = desk.draft(), desk.draft(), in_seconds(90)
    shown = patch(desk, note, publishAt=at).json
    assert (shown["publishAt"], shown["isPublished"], shown["publishError"]) == (at, False, None)
    patch(desk, other, publishAt=in_seconds(500))
    assert run(desk) == {"published": 0, "failed": 0, "postponed": 0}
    desk.cloud.advance(90)
    assert run(desk) == {"published": 1, "failed": 0, "postponed": 0}
    now = stored(note)
    assert now.publish_at is None
    assert (bool(now.is_published), waiting(note)) == (True, False)
    assert now.updated_by_user_id == desk.editor.id
    (entry,) = audited(desk, "note.publish")
    assert entry["actor_kind"]["S"] == "SYSTEM"
    assert titles(desk, desk.student()) == [note["title"]]
    assert run(desk)["published"] == 0
    # Moved, and taken back: the schedule follows.
    desk.cloud.advance(380)
    patch(desk, other, publishAt=in_seconds(60))
    patch(desk, other, publishAt=None)
    desk.cloud.advance(60)
    assert (run(desk)["published"], waiting(other)) == (0, False)
    # Publishing it by hand takes the instant away.
    patch(desk, other, publishAt=in_seconds(60))
    assert turn(desk, other, "publish", expect=200).json["publishAt"] is None
    assert not waiting(other)


@pytest.mark.rule("NOTE-33", "NOTE-11", "ACC-64")
def test_who_may_not_publish_sets_no_instant_and_no_instant_is_in_the_past(desk: Desk) -> None:
    note, published = desk.draft(), desk.note()
    writer = desk.staff("notes.write", "notes.read")
    path, body = f"{ADMIN}/{note['id']}", {"publishAt": in_seconds(60)}
    refused = desk.client.patch(path, json=body, token=writer.token, expect=403)
    assert refused.json["details"]["permission"] == ["notes.publish"]
    for one, at, issue in (
        (note, in_seconds(0), "NOT_IN_FUTURE"),
        (note, in_seconds(-60), "NOT_IN_FUTURE"),
        (published, in_seconds(60), "ALREADY_PUBLISHED"),
    ):
        assert patch(desk, one, 422, publishAt=at).issues == {"body.publishAt": issue}
    patch(desk, note, 422, publishAt="2099-01-01T00:00:00")
    assert (int(stored(note).version), waiting(note), waiting(published)) == (1, False, False)
    desk.client.patch(path, json={"publishAt": None, "title": "Another"}, token=writer.token, expect=200)


@pytest.mark.rule("NOTE-33")
def test_what_lacks_something_stays_a_draft_says_why_and_its_editor_hears_of_it_once(desk: Desk) -> None:
    subject = desk.subject()
    note, at = desk.draft(subject=subject), in_seconds(60)
    patch(desk, note, publishAt=at)
    path = f"/v1/admin/subjects/{subject['id']}"
    desk.client.patch(path, json={"isActive": False}, token=desk.editor.token, expect=200)
    desk.cloud.advance(60)
    runs = at_once([partial(run, desk)] * 3)
    assert sum(one["failed"] for one in runs) == 1
    assert run(desk) == {"published": 0, "failed": 0, "postponed": 0}
    shown = desk.client.get(f"{ADMIN}/{note['id']}", token=desk.editor.token).json
    error = shown["publishError"]
    assert (error["code"], error["missing"], shown["publishAt"]) == ("NOTE_INCOMPLETE", ["ACTIVE_SUBJECT"], None)
    row = desk.client.get(ADMIN, token=desk.editor.token).json["items"][0]
    assert (row["publishFailed"], row["isPublished"], waiting(note)) == (True, False, False)
    (mail,) = mails(desk)
    assert (mail.template_key, mail.to) == ("NOTE_NOT_PUBLISHED", desk.editor.email)
    assert mail.payload.as_dict()["missing"] == "ACTIVE_SUBJECT"
    assert len(audited(desk, "note.publish_failed")) == 1
    desk.cloud.drain()
    assert [str(one.status) for one in mails(desk)] == ["SENT"]
    # Another instant forgets what failed.
    assert patch(desk, note, publishAt=in_seconds(60)).json["publishError"] is None


@pytest.mark.rule("NOTE-33")
def test_a_run_that_is_overtaken_or_fails_leaves_no_half_of_it(desk: Desk) -> None:
    note = desk.draft()
    patch(desk, note, publishAt=in_seconds(60))
    desk.cloud.advance(60)
    desk.cloud.fault("dynamodb", "TransactWriteItems", "ReadTimeout", times=9, after=True)
    assert run(desk)["postponed"] == 1
    desk.cloud.faults.clear()
    # It was written all the same; coming again does nothing more.
    assert run(desk) == {"published": 0, "failed": 0, "postponed": 0}
    assert len(audited(desk, "note.publish")) == 1
    second = desk.draft()
    patch(desk, second, publishAt=in_seconds(60))
    desk.cloud.advance(60)
    with just_before("TransactWriteItems", partial(patch, desk, second, publishAt=in_seconds(600))):
        assert run(desk)["published"] == 0
    # Moved at the last moment: it waits for the new instant.
    assert (bool(stored(second).is_published), waiting(second)) == (False, True)
    store.update(User, User.place(desk.editor.id), [User.email.remove()])
    third = desk.draft()
    patch(desk, third, publishAt=in_seconds(60))
    store.update(Note, Note.place(third["id"]), [Note.page_count.set(0), Note.version.add(1)])
    desk.cloud.advance(60)
    assert (run(desk)["failed"], mails(desk)) == (1, [])


@pytest.mark.rule("NOTE-33")
def test_a_run_ends_in_time_and_leaves_the_rest_to_the_next(desk: Desk) -> None:
    note = desk.draft()
    patch(desk, note, publishAt=in_seconds(60))
    desk.cloud.advance(60)
    assert scheduling.publish_due(lambda: 5.0).postponed == 1
    assert run(desk)["published"] == 1
