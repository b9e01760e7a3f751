"""Keeping people and devices from notes."""

from __future__ import annotations

from typing import Annotated

from chalicelib.identity.accounts import ANY_USER, User, UserNotFound
from chalicelib.insight.security import ban_listing, bans, devices
from chalicelib.insight.security.ban_schemas import (
    BanRow,
    BansQuery,
    BanView,
    DeviceBanRequest,
    DeviceLiftQuery,
    LiftQuery,
    NoteBanRequest,
    NoteOrAll,
)
from chalicelib.insight.security.bans import BanWish
from chalicelib.insight.security.errors import BanNotFound, NotAStudent, TooManyBans, ViewSessionNotFound
from chalicelib.insight.security.items import Banned
from chalicelib.insight.security.resources import BANNED_USER
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Page, Request, api

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)


@api.post(
    "/v1/admin/security/users/{userId}/notes/ban",
    action=Actions.SECURITY_MANAGE,
    resource=ANY_USER,
    status=201,
    idempotency=Idempotency.OPTIONAL,
    grants=_WRITES,
    raises=[UserNotFound, NotAStudent, TooManyBans, Conflict],
)
def ban_from_notes(user_id: str, user: User, body: NoteBanRequest, caller: Caller, request: Request) -> Answer[BanView]:
    """Ban a student from a note, or with `*` from all.

    In force from this answer on: the next request of theirs for the note is 403 `NOTE_BANNED`, also of a view session
    that is open. It ends by itself; a newer ban of the same note replaces the end. At most 50 run at a time.
    """
    wish = BanWish(Banned.NOTE, body.note_id, body.duration_hours, body.reason)
    made = bans.ban(user, bans.card_beside(request.beside), wish, by=caller)
    return Answer(BanView.of(made), location=f"/v1/admin/security/users/{user_id}/notes/ban/{body.note_id}")


@api.delete(
    "/v1/admin/security/users/{userId}/notes/ban/{noteId}",
    action=Actions.SECURITY_MANAGE,
    resource=BANNED_USER,
    status=204,
    grants=_WRITES,
    raises=[UserNotFound, BanNotFound, Conflict],
)
def lift_ban_from_notes(
    note_id: Annotated[str, NoteOrAll()], query: LiftQuery, caller: Caller, request: Request
) -> Answer[None]:
    """Lift a ban at once; one that is over, or was lifted, stays as it is."""
    bans.lift(request.beside[1], by=caller, reason=query.reason)
    return Answer(None)


@api.post(
    "/v1/admin/security/users/{userId}/devices/ban",
    action=Actions.SECURITY_MANAGE,
    resource=ANY_USER,
    status=201,
    idempotency=Idempotency.OPTIONAL,
    grants=_WRITES,
    raises=[UserNotFound, ViewSessionNotFound, NotAStudent, TooManyBans, Conflict],
)
def ban_device(user_id: str, user: User, body: DeviceBanRequest, caller: Caller, request: Request) -> Answer[BanView]:
    """Ban a device of a student from notes, known by its user agent.

    Who changes the user agent gets around it: it makes things harder, no more.
    """
    device = devices.device_of(user_id, body.view_session_id, body.user_agent_hash)
    wish = BanWish(Banned.DEVICE, device, body.duration_hours, body.reason)
    made = bans.ban(user, bans.card_beside(request.beside), wish, by=caller)
    return Answer(BanView.of(made), location=f"/v1/admin/security/users/{user_id}/devices/ban")


@api.delete(
    "/v1/admin/security/users/{userId}/devices/ban",
    action=Actions.SECURITY_MANAGE,
    resource=ANY_USER,
    status=204,
    grants=_WRITES,
    raises=[UserNotFound, ViewSessionNotFound, BanNotFound, Conflict],
)
def lift_ban_of_device(user_id: str, query: DeviceLiftQuery, caller: Caller) -> Answer[None]:
    """Lift the ban of a device at once; one that is over, or was lifted, stays as it is."""
    device = devices.device_of(user_id, query.view_session_id, query.user_agent_hash)
    bans.lift(devices.ban_of(user_id, device), by=caller, reason=query.reason)
    return Answer(None)


@api.get(
    "/v1/admin/security/bans",
    action=Actions.SECURITY_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_bans(query: BansQuery, caller: Caller) -> Page[BanRow]:
    """Bans from notes and of devices, newest first: those that run, or with `active=false` all there were.

    A page may hold fewer than `limit`, even none, before the end: go on until `nextCursor` is null.
    """
    return ban_listing.bans(query, caller.user_id)
