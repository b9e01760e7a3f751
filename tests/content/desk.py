"""An editor's desk and a reader's chair: what the tests of content do before what they test."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import urlsplit

from chalicelib.identity.accounts import User
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from infra.local.emulator import Emulator
from infra.local.proxy import Incoming, Outgoing
from infra.local.storage_door import StorageDoor
from tests.content.paper import pdf
from tests.support.client import Client, Response
from tests.support.people import People, Person

DAY = 86_400


class Desk:
    """Makes subjects, files and notes through the API, as a content editor."""

    def __init__(self, cloud: Emulator, client: Client, people: People) -> None:
        self.cloud = cloud
        self.client = client
        self.people = people
        self.editor = people.admin("ADMIN_CONTENT")
        self.door = StorageDoor(cloud)
        self._subjects = 0
        self._named = 0

    def subject(self, **more: Any) -> dict[str, Any]:
        """A new subject."""
        self._subjects += 1
        body = {"key": f"subject-{self._subjects}", "name": f"Subject {self._subjects}", **more}
        return self.post("/v1/admin/subjects", body, 201).json

    def topic(self, subject: dict[str, Any], **more: Any) -> dict[str, Any]:
        """A new topic of a subject."""
        self._named += 1
        path = f"/v1/admin/subjects/{subject['id']}/topics"
        return self.post(path, {"name": f"Topic {self._named}", **more}, 201).json

    def tag(self, **more: Any) -> dict[str, Any]:
        """A new tag."""
        self._named += 1
        return self.post(
            "/v1/admin/tags", {"key": f"tag-{self._named}", "name": f"Tag {self._named}", **more}, 201
        ).json

    def post(self, path: str, body: Any = None, expect: int | None = None, **more: Any) -> Response:
        """A POST of the editor."""
        return self.client.post(path, json=body, token=self.editor.token, expect=expect, **more)

    def init(self, content: bytes, *, checksum: bool = False, **more: Any) -> Response:
        """Begin the upload of a PDF."""
        body = {
            "fileName": "note.pdf",
            "contentType": "application/pdf",
            "sizeBytes": len(content),
            "purpose": "NOTES_PDF",
            **more,
        }
        if checksum:
            body["checksumSha256"] = base64.b64encode(hashlib.sha256(content).digest()).decode()
        return self.post("/v1/admin/files/init-upload", body)

    def put(self, upload: dict[str, Any], content: bytes, **headers: str) -> Outgoing:
        """Send bytes to an upload address, with its headers and others."""
        address = urlsplit(upload["url"])
        sent = {**upload["headers"], "Content-Length": str(len(content)), "Host": address.netloc, **headers}
        incoming = Incoming(upload["method"], address.path, address.query, list(sent.items()), content, "203.0.113.9")
        return self.door.answer(incoming)

    def uploaded(self, content: bytes, **more: Any) -> str:
        """The id of a file whose bytes are there, not yet confirmed."""
        begun = self.init(content, **more)
        assert begun.status == 201, begun.body
        answer = self.put(begun.json["upload"], content)
        assert answer.status == 200, answer.body
        return str(begun.json["fileAssetId"])

    def confirm(self, asset_id: str, **more: Any) -> Response:
        """Confirm an upload."""
        return self.post(f"/v1/admin/files/confirm-upload/{asset_id}", **more)

    def file(self, content: bytes | None = None) -> str:
        """The id of a confirmed file."""
        asset_id = self.uploaded(pdf() if content is None else content)
        if self.confirm(asset_id).json["status"] == "INSPECTING":
            self.cloud.drain()
        assert self.confirm(asset_id, expect=200).json["status"] == "CONFIRMED"
        return asset_id

    def draft(
        self, *, content: bytes | None = None, subject: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any]:
        """A new draft."""
        body = {
            "subjectId": (subject or self.subject())["id"],
            "title": "Fundamental Rights",
            "isPremium": False,
            "fileAssetId": more.pop("fileAssetId", None) or self.file(content),
            **more,
        }
        return self.post("/v1/admin/notes", body, 201).json

    def note(self, **more: Any) -> dict[str, Any]:
        """A new published note."""
        draft = self.draft(**more)
        return self.post(f"/v1/admin/notes/{draft['id']}/publish", expect=200).json

    # Readers

    def student(self, *entitlements: dict[str, Any], **card: Any) -> Person:
        """Asha, a student; entitlements run for a day from now unless they say otherwise."""
        now = clock.epoch()
        held = {
            f"E{number}": {
                "kind": "NOTES",
                "subjectIds": [],
                "topicIds": [],
                "noteIds": [],
                "testIds": [],
                "startsAt": now - 1,
                "endsAt": now + DAY,
                **one,
            }
            for number, one in enumerate(entitlements)
        }
        student = self.people.student(entitlements=held, **card)
        profile = User.place(student.id)
        store.update(User, profile, [User.name.set("Asha Verma"), User.phone.set("+919876543210")])
        return student

    def staff(self, *permissions: str) -> Person:
        """Somebody of the staff with just these permissions."""
        person = self.people.admin("INSTRUCTOR")
        card = AccessCard.place(person.id)
        store.update(AccessCard, card, [AccessCard.permissions.set(set(permissions))])
        return person

    def open(self, note: dict[str, Any], reader: Person, **more: Any) -> Response:
        """Open a view session."""
        return self.client.post(f"/v1/notes/{note['id']}/view-session", token=reader.token, **more)

    def content(
        self, note: dict[str, Any], reader: Person, view_token: str, method: str = "GET", **headers: str
    ) -> Response:
        """Ask for content; ``headers`` as ``Range="bytes=0-9"``, underscores for hyphens."""
        sent = {"X-View-Token": view_token, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.client.call(method, f"/v1/notes/{note['id']}/content", token=reader.token, headers=sent)
