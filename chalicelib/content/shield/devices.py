"""On how many devices somebody reads (SHIELD-50, MULTI_DEVICE): judged whenever a view session is opened."""

from __future__ import annotations

from datetime import timedelta

from chalicelib.content.reading import NoteViewSession
from chalicelib.content.shield.events import ViewSessionOpened
from chalicelib.content.shield.settings import SHIELD_DEVICES
from chalicelib.platform import clock, signals, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.access.catalogue import UserType
from chalicelib.platform.signals import Severity, SignalType

HOURS = 24
MOST_SESSIONS = 500


def judge(opened: ViewSessionOpened) -> int:
    """On how many devices somebody opened notes in the day before; four are signalled. Staff's are not looked at."""
    card = store.get(AccessCard, AccessCard.place(opened.user_id))
    if card is None or card.user_type != UserType.STUDENT:
        return 0
    bounds = (clock.iso(opened.at - timedelta(hours=HOURS)), clock.iso(opened.at))
    found = store.fetch(NoteViewSession.of_user(opened.user_id, between=bounds), limit=MOST_SESSIONS).items
    agents = {opened.agent_hash, *(str(plain(one.row).get("user_agent_hash", "")) for one in found)} - {""}
    if len(agents) >= SHIELD_DEVICES():
        signals.notice(
            SignalType.MULTI_DEVICE,
            Severity.MEDIUM,
            user_id=opened.user_id,
            meta={"devices": len(agents)},
            cause=opened.view_session_id,
        )
    return len(agents)
