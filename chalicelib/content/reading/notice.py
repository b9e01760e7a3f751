"""The notice that readers agree to before their first page (SHIELD-45, SHIELD-81): pages name them, reading is logged.

Which version somebody agreed to, and when, stands on the access card. Text and version are configuration; they go
together: a changed text needs a new version, and then everybody is asked again.
"""

from __future__ import annotations

from chalicelib.content.reading.errors import NoticeNotAccepted
from chalicelib.content.reading.schemas import Notice
from chalicelib.platform import settings, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.store import Transaction

NOTICE_REQUIRED = settings.boolean("NOTICE_REQUIRED", default=True)
NOTICE_VERSION = settings.integer("NOTICE_VERSION", default=1, minimum=1, maximum=1_000_000)
NOTICE_TEXT = settings.text(
    "NOTICE_TEXT",
    default=(
        "Every page is marked with your name and a code that leads to you. What you read is logged: which pages, when, "
        "and from which device and network. Sharing notes ends your account."
    ),
)


def current() -> Notice:
    """The notice as it is now."""
    return Notice(version=NOTICE_VERSION(), text=NOTICE_TEXT())


def to_accept(caller: Caller, given: int | None) -> int | None:
    """The version that the caller agrees to with this opening; None when nothing is asked.

    ``given``: the version that the request accepts. Raises ``NoticeNotAccepted`` with the text.
    """
    version = NOTICE_VERSION()
    if not NOTICE_REQUIRED() or int(caller.card.notice_version) == version:
        return None
    if given != version:
        raise NoticeNotAccepted(current().model_dump(by_alias=True))
    return version


def accept(tx: Transaction, caller: Caller, version: int | None, now: int) -> None:
    """Keep on the card, in the transaction that opens a session, what was agreed to and when (epoch seconds).

    Of two first openings at the same moment the later one writes the same again.
    """
    if version is None:
        return
    actions = [AccessCard.notice_version.set(version), AccessCard.notice_at.set(now)]
    tx.update(AccessCard, AccessCard.place(caller.user_id), actions, when=store.present(AccessCard))
