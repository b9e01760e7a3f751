"""Students by what they say of themselves, exactly: for staff who are asked «I paid, where is it» (PAY-117)."""

from __future__ import annotations

from chalicelib.identity.accounts.items import Login, PhoneIndex
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.store import Item, fetch

MOST = 5


def students_by_email(email: str) -> list[str]:
    """Ids of the students with this address, as normalized: one or none. One round trip."""
    query = Login.beginning(UserType.STUDENT, email)
    return [_id(login) for login in fetch(query, limit=MOST).items if login.gsi1sk == email]


def students_by_phone(phone: str) -> list[str]:
    """Ids of students with this number, as normalized, at most five: numbers are not unique. One round trip."""
    return [_id(one) for one in fetch(PhoneIndex.beginning(UserType.STUDENT, f"{phone}#"), limit=MOST).items]


def _id(found: Item) -> str:
    return str(found.row["userId"])
