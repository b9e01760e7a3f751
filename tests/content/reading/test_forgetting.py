"""What is left of a reader whose account was erased (USR-40)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.content.progress import NoteProgress
from chalicelib.content.reading import NoteReader
from chalicelib.identity.accounts import User
from chalicelib.identity.people import DeletionDue
from chalicelib.platform import clock, store
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.support.client import Client
from tests.support.people import People


@pytest.mark.rule("USR-40")
def test_progress_and_reading_go_with_the_account(cloud: Emulator, client: Client, people: People, desk: Desk) -> None:
    note = desk.note(isPremium=False)["id"]
    students = [people.student(), people.student()]
    for one in students:
        client.post(f"/v1/notes/{note}/view-session", token=one.token, expect=201)
        store.put(NoteProgress(*NoteProgress.place(one.id, note), last_page_read=3))
    gone, stays = students
    due = clock.now() - timedelta(hours=1)
    store.update(User, User.place(gone.id), [User.deletion_due_at.set(due)])
    store.put(DeletionDue.of(gone.id, due))
    assert cloud.invoke("erase_accounts").answer == {"erased": 1, "failed": 0}
    cloud.drain()
    for one, kept in ((gone, False), (stays, True)):
        found = store.get_many([NoteProgress.place(one.id, note), NoteReader.place(one.id, note)])
        assert [item is not None for item in found] == [kept, kept]
