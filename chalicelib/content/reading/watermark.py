"""The watermark: who reads, drawn over every page by the viewer, signed, and traceable (SHIELD-60 … SHIELD-65)."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets as random
from datetime import UTC, datetime
from typing import Any

from chalicelib.content.notes import Note
from chalicelib.content.reading import signing
from chalicelib.content.reading.items import WatermarkIssue
from chalicelib.content.reading.schemas import OwnWatermark, Watermark, WatermarkDisplay
from chalicelib.content.reading.sessions import ViewSession
from chalicelib.identity.accounts import User, display_facts
from chalicelib.platform import settings
from chalicelib.platform.secrets import secret

WATERMARK_KEY = secret("WATERMARK_KEY")
WATERMARK_ROTATE_SECONDS = settings.integer("WATERMARK_ROTATE_SECONDS", default=300, minimum=60, maximum=3_600)
WATERMARK_KEEP_DAYS = settings.integer("WATERMARK_KEEP_DAYS", default=730, minimum=1, maximum=3_650)

CODE_RANDOM = 11
SEED_BYTES = 16
MAX_TOPICS = 3
BANNER_SECONDS = 3_600
OPACITY, STRICT_OPACITY = 0.12, 0.25


def new_seed() -> dict[str, str]:
    """What a rotation makes anew: seed (128 bits, hex), trace code, and the key that signs."""
    code = "".join(random.choice(signing.ALPHABET) for _ in range(CODE_RANDOM))
    return {
        "seed": os.urandom(SEED_BYTES).hex(),
        "trace_code": code + signing.check_character(code),
        "key_id": signing.keys()[0].id,
    }


def issue_of(facts: dict[str, Any], user_id: str, note_id: str, view_session_id: str) -> WatermarkIssue:
    """The trace of a new seed."""
    at = datetime.fromtimestamp(int(facts["seed_at"]), UTC)
    place = WatermarkIssue.place(facts["trace_code"])
    issue = WatermarkIssue(
        place.pk,
        place.sk,
        trace_code=facts["trace_code"],
        seed=facts["seed"],
        user_id=user_id,
        note_id=note_id,
        view_session_id=view_session_id,
        issued_at=at,
        key_id=facts["key_id"],
        ttl=int(facts["seed_at"]) + WATERMARK_KEEP_DAYS() * 86_400,
    )
    issue.index()
    return issue


def stale(session: ViewSession, now: int) -> bool:
    """Whether the seed is old enough for a new one."""
    return now >= int(session["seed_at"]) + WATERMARK_ROTATE_SECONDS()


def facts_of(session: ViewSession, note: Note, user: User) -> Watermark:
    """What the viewer draws: the same bytes as long as seed, note and person stay the same."""
    user_id, seed, code = str(user.id), str(session["seed"]), str(session["trace_code"])
    person = display_facts(user)
    payload: dict[str, Any] = {
        "display_name": person.name,
        "masked_email": person.masked_email,
        "masked_phone": person.masked_phone,
        "user_hash": person.user_hash,
        "note_id": str(note.id),
        "note_title": str(note.title),
        "subject_name": str(note.subject_name),
        "topic_names": [str(topic["name"]) for topic in note.topics[:MAX_TOPICS]],
        "view_session_id": session.id,
        "trace_code": signing.shown(code),
        "watermark_seed": seed,
        "forensic_seed": _keyed(f"forensic:{user_id}")[: 2 * SEED_BYTES],
        "issued_at": datetime.fromtimestamp(int(session["seed_at"]), UTC),
        "rotate_after_seconds": WATERMARK_ROTATE_SECONDS(),
        "display": _display(session, [person.name, person.masked_email, person.user_hash, signing.shown(code)]),
        "key_id": str(session["key_id"]),
    }
    unsigned = Watermark(**payload, watermark_signature="")
    return unsigned.model_copy(update={"watermark_signature": signature(unsigned)})


def banner_of(user: User, now: int) -> OwnWatermark:
    """Who somebody is, signed: the same for an hour of the clock (SHIELD-08). ``now``: epoch seconds."""
    person = display_facts(user)
    unsigned = OwnWatermark(
        display_name=person.name,
        masked_email=person.masked_email,
        user_hash=person.user_hash,
        issued_at=datetime.fromtimestamp(now - now % BANNER_SECONDS, UTC),
        key_id=signing.keys()[0].id,
        watermark_signature="",
    )
    return unsigned.model_copy(update={"watermark_signature": signature(unsigned)})


def signature(facts: Watermark | OwnWatermark) -> str:
    """The signature of the facts, with the key that they name."""
    payload = facts.model_dump(mode="json", by_alias=True, exclude={"watermark_signature"})
    return signing.signed(payload, signing.key_of(facts.key_id))


def _keyed(text: str) -> str:
    return hmac.new(WATERMARK_KEY().encode(), text.encode(), hashlib.sha256).hexdigest()


def fingerprint(text: str) -> str:
    """A keyed hash of something personal, to be compared and never read back."""
    return _keyed(f"fingerprint:{text}")[:32]


def _display(session: ViewSession, texts: list[str]) -> WatermarkDisplay:
    """How it is drawn: angle and spacing follow the seed, so that a screenshot shows which one it was.

    A session that was made strict is drawn stronger from its next seed on (SHIELD-52).
    """
    raw = bytes.fromhex(str(session["seed"]))
    strict_at = session.get("strict_at")
    stronger = strict_at is not None and int(strict_at) < int(session["seed_at"])
    return WatermarkDisplay(
        opacity=STRICT_OPACITY if stronger else OPACITY,
        strict_opacity=STRICT_OPACITY,
        angle_deg=-45 + raw[0] % 31,
        spacing=160 + raw[1] % 81,
        offset_x=raw[2] % 100,
        offset_y=raw[3] % 100,
        shift_every_seconds=25,
        texts=texts,
    )
