"""Subjects, notes and plans of the demo academy, made through the admin API."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from infra.local.demo.api import Api
from infra.local.demo.typesetting import NoteText, pdf, texts

SUBJECTS = (
    ("polity", "Indian Polity", "The Constitution, Parliament and the courts, with the cases that are asked."),
    ("modern-history", "Modern Indian History", "From 1757 to 1947, by causes and not by dates alone."),
    ("geography", "Geography of India", "Monsoon, rivers, soils and what grows on them."),
    ("aptitude", "Quantitative Aptitude", "Arithmetic for the preliminary papers, from first principles."),
)


def subjects(api: Api, token: str) -> dict[str, str]:
    """Create the subjects; answers ids by key."""
    return {
        key: str(
            api.call("POST", "/v1/admin/subjects", {"key": key, "name": name, "description": description}, token=token)[
                "id"
            ]
        )
        for key, name, description in SUBJECTS
    }


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


def notes(api: Api, token: str, subject_ids: dict[str, str]) -> list[str]:
    """Upload, create and publish every note; answers their ids."""
    return [_note(api, token, note, subject_ids[note.subject], index) for index, note in enumerate(texts())]


def _note(api: Api, token: str, note: NoteText, subject_id: str, index: int) -> str:
    given: dict[str, Any] = {
        "subjectId": subject_id,
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
