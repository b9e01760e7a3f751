"""What the tests of security staff share."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.content.notes.items import Note, index_keys, row_for, values_of
from chalicelib.platform import clock, store
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.support.client import Client
from tests.support.people import People, Person


class Shelf(Desk):
    """A desk whose notes are there without having been uploaded: who reads them counts here, not what is in them."""

    def note(self, title: str = "Fundamental Rights", **more: Any) -> dict[str, Any]:
        """A published note that can be opened; it has no bytes."""
        own_id, now = new_ulid(), clock.now()
        values = {
            **values_of(Note()),
            "id": own_id,
            "title": title,
            "subject_id": new_ulid(),
            "subject_name": "Polity",
            "is_premium": False,
            "is_published": True,
            "file_asset_id": new_ulid(),
            "file": {"object_key": "notes/1.pdf", "version_id": "1", "content_length": 9},
            "page_count": 3,
            "created_by_user_id": self.editor.id,
            "updated_by_user_id": self.editor.id,
            **dict.fromkeys(("published_at", "first_published_at", "created_at", "updated_at"), now),
            **more,
        }
        store.put(Note(*Note.place(own_id), row=row_for(values), **values, **index_keys(values)))
        return {"id": own_id, "title": title}


@pytest.fixture
def desk(cloud: Emulator, client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """A reader's chair, and notes on the shelf."""
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", "http://127.0.0.1:5000")
    return Shelf(cloud, client, people)


@pytest.fixture
def guard(people: People) -> Person:
    """Somebody of the security staff."""
    return people.admin("ADMIN_SECURITY")
