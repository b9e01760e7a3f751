"""Subjects, notes and plans of the demo academy, made through the admin API."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.local.demo.api import Api
from infra.local.demo.typesetting import NoteText, pdf, texts

SYLLABUS = Path(__file__).with_name("syllabus.csv")
TAGS = (("prelims", "Prelims"), ("mains", "Mains"))


@dataclass(frozen=True)
class Syllabus:
    """Ids of subjects, topics and tags by key."""

    subjects: dict[str, str]
    topics: dict[str, str]
    tags: dict[str, str]


def syllabus(api: Api, token: str) -> Syllabus:
    """Bring in the sheet of the syllabus, and create the tags."""
    sheet = SYLLABUS.read_text(encoding="utf-8")
    told = api.call("POST", "/v1/admin/taxonomy/import", {"csv": sheet}, token=token)["subjects"]
    topics: dict[str, str] = {}
    for subject in told:
        found = api.call("GET", f"/v1/admin/topics?subjectId={subject['id']}", token=token)["items"]
        topics.update((topic["key"], topic["id"]) for topic in found if topic["key"])
    tags = {
        key: str(api.call("POST", "/v1/admin/tags", {"key": key, "name": name}, token=token)["id"])
        for key, name in TAGS
    }
    return Syllabus({subject["key"]: subject["id"] for subject in told}, topics, tags)


def upload(api: Api, token: str, name: str, content: bytes) -> str:
    """Upload and confirm a PDF; answers the file's id."""
    given = {
        "fileName": f"{name}.pdf",
        "contentType": "application/pdf",
        "sizeBytes": len(content),
        "purpose": "NOTES_PDF",
        "checksumSha256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
    }
    begun = api.call("POST", "/v1/admin/files/init-upload", given, token=token)
    api.put_file(begun["upload"]["url"], begun["upload"]["headers"], content)
    file_id = str(begun["fileAssetId"])
    api.call("POST", f"/v1/admin/files/confirm-upload/{file_id}", token=token)
    return file_id


def notes(api: Api, token: str, known: Syllabus) -> list[str]:
    """Upload, create and publish every note; answers their ids."""
    return [_note(api, token, note, known, index) for index, note in enumerate(texts())]


def _note(api: Api, token: str, note: NoteText, known: Syllabus, index: int) -> str:
    given: dict[str, Any] = {
        "subjectId": known.subjects[note.subject],
        "topicIds": [known.topics[note.topic]],
        "tagIds": list(known.tags.values())[: 1 + note.premium],
        "title": note.title,
        "description": note.summary,
        "isPremium": note.premium,
        "fileAssetId": upload(api, token, note.name, pdf(note)),
        "language": note.language,
        "previewAllowed": note.preview,
        "previewPages": 2,
        "orderIndex": index,
    }
    note_id = str(api.call("POST", "/v1/admin/notes", given, token=token)["id"])
    api.call("POST", f"/v1/admin/notes/{note_id}/publish", token=token)
    return note_id


_EVERYTHING: tuple[dict[str, Any], ...] = (
    {
        "key": "monthly",
        "name": "One month, everything",
        "description": "Every note of the academy for thirty days.",
        "pricePaise": 49_900,
        "listPricePaise": 69_900,
        "durationDays": 30,
        "tier": 1,
        "orderIndex": 0,
        "features": ["All notes", "English and Hindi", "On phone and computer"],
    },
    {
        "key": "yearly",
        "name": "One year, everything",
        "description": "Every note of the academy until the next examination.",
        "pricePaise": 399_900,
        "listPricePaise": 598_800,
        "durationDays": 365,
        "tier": 2,
        "orderIndex": 1,
        "features": ["All notes", "English and Hindi", "Four months free against the monthly price"],
    },
)
_TWO_SUBJECTS: dict[str, Any] = {
    "key": "humanities",
    "name": "Polity and History, six months",
    "description": "The notes of two subjects.",
    "pricePaise": 129_900,
    "durationDays": 180,
    "tier": 1,
    "orderIndex": 2,
    "isActive": True,
    "features": ["Indian Polity", "Modern Indian History"],
}


def plans(api: Api, token: str, subject_ids: dict[str, str]) -> list[str]:
    """Three plans: a month of everything, a year of it, and half a year of two subjects; answers their keys."""
    two = [subject_ids["polity"], subject_ids["modern-history"]]
    whole = {"isActive": True, "family": "academy", "grants": [{"kind": "ALL"}]}
    given = [{**plan, **whole} for plan in _EVERYTHING]
    given.append({**_TWO_SUBJECTS, "grants": [{"kind": "NOTES", "scope": {"subjectIds": two}}]})
    for plan in given:
        api.call("POST", "/v1/admin/plans", plan, token=token)
    return [str(plan["key"]) for plan in given]
