"""What the tests of people share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.accounts import User
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.messages import Message
from infra.local.emulator import Emulator

Items = Callable[[str], list[Any]]


def user_of(user_id: str) -> Any:
    """The profile as it is stored."""
    user = store.get(User, User.place(user_id))
    assert user is not None
    return user


def card_of(user_id: str) -> Any:
    """The access card as it is stored."""
    card = store.get(AccessCard, AccessCard.place(user_id))
    assert card is not None
    return card


@pytest.fixture
def of_kind(cloud: Emulator) -> Items:
    """Every item of a kind, as stored."""
    return lambda kind: [store.read(item) for item in cloud.items() if item["kind"]["S"] == kind]


@pytest.fixture
def audited(of_kind: Items) -> Callable[[], list[str]]:
    """The actions of the audit trail in order, refusals left out."""

    def actions() -> list[str]:
        entries = sorted(of_kind("AuditEntry"), key=lambda one: str(one.id))
        return [str(one.action) for one in entries if one.outcome == "DONE"]

    return actions


@pytest.fixture
def mails(of_kind: Items) -> Callable[[], list[Message]]:
    """Every message that was caused, oldest first."""
    return lambda: sorted(of_kind("Message"), key=lambda one: str(one.created_at))
