"""Plans made and captured, and what they open: the seller is asked as payments asks it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chalicelib.commerce import sellers, selling
from chalicelib.commerce.plans import Plan
from chalicelib.commerce.sellers import GrantEffect, LineOffer, SoldLine
from chalicelib.content.notes import Note
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.errors import Conflict
from chalicelib.platform.ids import new_ulid
from tests.support.client import Client, Response
from tests.support.people import Person

ALL = {"kind": "ALL"}


def plan_body(key: str, /, **more: Any) -> dict[str, Any]:
    """What creates a plan: 30 days of everything for ₹499, on sale."""
    body = {
        "key": key,
        "name": f"Plan {key}",
        "pricePaise": 49_900,
        "durationDays": 30,
        "isActive": True,
        "grants": [ALL],
    }
    return {**body, **more}


def make_plan(client: Client, by: Person, key: str, /, **more: Any) -> Response:
    """Create a plan."""
    return client.post("/v1/admin/plans", json=plan_body(key, **more), token=by.token, expect=201)


def card_of(person: Person) -> AccessCard:
    """The card as it is now."""
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return card


def offer(person: Person, key: str, *, currency: str = "INR", at: datetime | None = None) -> LineOffer:
    """What checkout learns from the seller."""
    seller = sellers.seller(selling.PLAN)
    keys = seller.keys(key, person.id)
    found = store.get_many(keys) if keys else []
    return seller.offer(key, found, card_of(person), currency=currency, now=at or clock.now())


def sold(person: Person, key: str) -> SoldLine:
    """A line as an order keeps it."""
    line = offer(person, key)
    return SoldLine(line.kind, line.ref, line.snapshot)


def capture(
    person: Person, lines: Sequence[SoldLine], *, order_id: str | None = None, at: datetime | None = None
) -> list[GrantEffect]:
    """A capture's grant in a transaction of its own; a lost race reads the card again, as payments does."""
    order = order_id or f"TXN{new_ulid()}"
    seller = sellers.seller(selling.PLAN)
    for _ in range(50):
        tx = store.Transaction()
        effects = seller.grant(tx, card_of(person), lines, order, at or clock.now())
        try:
            tx.commit()
        except (store.TransactionLost, Conflict):
            continue
        return effects
    raise AssertionError("the race never ended")


def buy(person: Person, key: str, **more: Any) -> GrantEffect:
    """Buy one plan."""
    return capture(person, [sold(person, key)], **more)[0]


def plan_item(key: str) -> Plan:
    """The stored plan."""
    plan = store.get(Plan, Plan.place(key))
    assert plan is not None
    return plan


def make_note(subject_id: str, *, published: bool = True) -> str:
    """A premium note, as its domain keeps it."""
    note_id, now = new_ulid(), clock.now()
    people_id = new_ulid()
    note = Note(
        *Note.place(note_id),
        id=note_id,
        subject_id=subject_id,
        title="The Preamble",
        is_premium=True,
        is_published=published,
        file_asset_id=new_ulid(),
        file={"object_key": "notes/x.pdf", "version_id": "1", "content_length": 1, "file_name": "x.pdf"},
        page_count=3,
        subject_name="Polity",
        created_by_user_id=people_id,
        updated_by_user_id=people_id,
        created_at=now,
        updated_at=now,
    )
    store.put(note)
    return note_id
