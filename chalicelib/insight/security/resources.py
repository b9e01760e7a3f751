"""What staff look at and act upon, as functions load it."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.content.reading import NoteViewSession
from chalicelib.identity.accounts import ANY_USER, SHOWN_USER
from chalicelib.insight.security.errors import LeakCaseNotFound, SignalNotFound, ViewSessionNotFound
from chalicelib.insight.security.items import Ban, Banned, LeakCase
from chalicelib.platform.access.resources import ACADEMY, Resource
from chalicelib.platform.ids import month_of
from chalicelib.platform.signals import SecuritySignal
from chalicelib.platform.store import Key


def _ban(path: Mapping[str, str], _: str) -> Key:
    return Ban.place(path["userId"], Banned.NOTE, path["noteId"])


BANNED_USER = ANY_USER._replace(beside=(*ANY_USER.beside, _ban))
"""Somebody with a ban from notes: ``request.beside`` holds card and ban."""

SIGNAL = Resource(
    param="signal",
    item=SecuritySignal,
    key=lambda path, _: SecuritySignal.place(month_of(path["signalId"]), path["signalId"]),
    entity=lambda _: ACADEMY,
    missing=SignalNotFound,
)
"""A security signal: its id says in which month it is."""

PROFILED_USER = SHOWN_USER._replace(entity=lambda _: ACADEMY)
"""Somebody who is looked into, with their card beside: what staff may see of security is of the academy."""

VIEW_SESSION = Resource(
    param="session",
    item=NoteViewSession,
    key=lambda path, _: NoteViewSession.place(path["viewSessionId"]),
    entity=lambda _: ACADEMY,
    missing=ViewSessionNotFound,
)
"""A view session in the register."""

LEAK_CASE = Resource(
    param="case",
    item=LeakCase,
    key=lambda path, _: LeakCase.place(path["leakCaseId"]),
    entity=lambda _: ACADEMY,
    missing=LeakCaseNotFound,
)
"""A leak case."""
