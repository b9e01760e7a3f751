"""The signed-in caller: verified claims, and the access card as it is at this instant."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.access import epoch
from chalicelib.platform.access.card import AccessCard, permissions_at, plain, roles_at
from chalicelib.platform.access.claims import Claims, ExternalFacts
from chalicelib.platform.errors import AccountBlocked, SessionRevoked, SignedInElsewhere, Unavailable
from chalicelib.platform.records import frozen

KINDS = {"NOTES": "notes", "TESTS": "tests", "PRACTICE": "practice"}
ACTIVE = "ACTIVE"
LIMIT = "LIMIT"
"""The reason of a session that ended because there were too many."""
SCOPE_LISTS = ("noteIds", "testIds", "subjectIds", "topicIds")


@frozen
class Caller:
    """Who calls, and what their card says.

    ``at_provider``: of a session at the external provider, which has no entry on the card, what the entry would be.
    ``by_ticket``: they showed a ticket for the one thing that the path names, and may fetch that (FILE-49).
    """

    card: AccessCard
    session_id: str
    amr: tuple[str, ...] = ()
    device_hash: str = ""
    at_provider: dict[str, Any] | None = None
    by_ticket: bool = False

    @property
    def user_id(self) -> str:
        return str(self.card.user_id)

    @property
    def user_type(self) -> str:
        return str(self.card.user_type)

    @cached_property
    def permissions(self) -> frozenset[str]:
        """Names of the permissions, as the card has them at this instant."""
        return permissions_at(self.card, clock.now().timestamp())

    @cached_property
    def roles(self) -> tuple[str, ...]:
        """Keys of the roles that have not ended."""
        return roles_at(self.card, clock.now().timestamp())

    @cached_property
    def session(self) -> dict[str, Any]:
        """The card's entry of this session: ``{exp, authAt, mfa}``."""
        if self.at_provider is not None:
            return self.at_provider
        return dict(plain(self.card.sessions).get(self.session_id) or {})

    @property
    def must_change_password(self) -> bool:
        """Whether nothing else works before a new password; who came by the external provider needs none."""
        return bool(self.card.must_change_password) and self.at_provider is None

    def is_signed_in_by(self, session_id: str) -> bool:
        """Whether a session of the caller lives: the one of this request, or one on the card."""
        entry = plain(self.card.sessions).get(session_id) or {}
        return session_id == self.session_id or (int(entry.get("exp", 0)) > clock.epoch() and not entry.get("ended"))

    @cached_property
    def entitlements(self) -> list[dict[str, Any]]:
        """Every entitlement on the card, ended ones too."""
        return [dict(one) for one in plain(self.card.entitlements).values()]

    def principal(self, *, with_ended: bool = False) -> dict[str, Any]:
        """The caller as the policies see them; ``with_ended`` counts entitlements that have ended as if they ran."""
        now = clock.now().timestamp()
        running = [
            one
            for one in self.entitlements
            if float(one["startsAt"]) <= now and (with_ended or now < float(one["endsAt"]))
        ]
        note_bans = {key: end for key, end in plain(self.card.note_bans).items() if float(end) > now}
        device_bans = plain(self.card.device_bans)
        centres = plain(self.card.centres)
        return {
            "id": self.user_id,
            "ownerId": self.user_id,
            "userType": self.user_type,
            "status": str(self.card.status),
            "permissions": sorted(self.permissions),
            "roles": list(self.roles),
            "mfa": bool(self.session.get("mfa")),
            "all": any(one["kind"] == "ALL" for one in running),
            **{name: scope_of(running, kind) for kind, name in KINDS.items()},
            "bannedNoteIds": sorted(key for key in note_bans if key != "*"),
            "allNotesBanned": "*" in note_bans,
            "deviceBanned": float(device_bans.get(self.device_hash, 0)) > now,
            "centreIds": sorted(centres),
            "centrePermissions": sorted(f"{centre}/{name}" for centre, names in centres.items() for name in names),
        }


def scope_of(entitlements: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """What all entitlements of one kind open together (ACC-56): the whole kind, or what their lists name."""
    own = [one for one in entitlements if one["kind"] == kind]
    whole = any(not any(one.get(name) for name in SCOPE_LISTS) for one in own)
    lists = {name: sorted({str(value) for one in own for value in one.get(name) or ()}) for name in SCOPE_LISTS}
    return {"whole": whole, **lists}


def recognize(claims: Claims, card: AccessCard | None, *, device_hash: str = "") -> Caller:
    """The caller of verified claims, if the card still lets this session in (AUTH-50, AUTH-55).

    Raises ``AccountBlocked`` (403), ``SessionRevoked`` (401), or ``Unavailable`` when there is no card (ACC-60).
    """
    if card is None:
        raise Unavailable
    if card.status == "BLOCKED":
        raise AccountBlocked
    if claims.by_ticket:
        return _recognize_ticket(claims, card, device_hash)
    if claims.external is not None:
        return _recognize_external(claims, claims.external, card, device_hash)
    entry = plain(card.sessions).get(claims.session_id)
    now = clock.epoch()
    live = entry is not None and int(entry["exp"]) > now and int(card.token_version) == claims.token_version
    if card.status != ACTIVE or not live or str(card.user_type) != claims.user_type or epoch.voids(claims):
        raise _revoked(claims, card)
    return Caller(card, claims.session_id, claims.amr, device_hash)


def _recognize_ticket(claims: Claims, card: AccessCard, device_hash: str) -> Caller:
    """A ticket has no session: it lives as long as the tokens of its time. Who got it had proven a second factor then,
    where one is asked for.
    """
    too_old = claims.issued_at < epoch.valid_from(str(card.user_type))
    if card.status != ACTIVE or int(card.token_version) != claims.token_version or too_old:
        raise SessionRevoked
    entry = {"exp": claims.expires_at, "authAt": 0, "mfa": True}
    return Caller(card, "", (), device_hash, entry, by_ticket=True)


def _revoked(claims: Claims, card: AccessCard) -> SessionRevoked:
    """The 401 of a session that has ended, with the reason where the card remembers it (AUTH-54, AUTH-55)."""
    reason = why_ended(card, claims.session_id, claims.token_version)
    if reason is None:
        return SessionRevoked()
    return (SignedInElsewhere if reason == LIMIT else SessionRevoked)({"reason": reason})


def why_ended(card: AccessCard, session_id: str, token_version: int) -> str | None:
    """Why a session ended: by itself, as its entry says, or with all others, as the card does."""
    entry = plain(card.sessions).get(session_id) or {}
    if entry.get("ended"):
        return str(entry["ended"])
    with_all = token_version < int(card.token_version) and card.all_ended_reason
    return str(card.all_ended_reason) if with_all else None


def _recognize_external(claims: Claims, facts: ExternalFacts, card: AccessCard, device_hash: str) -> Caller:
    """A session at the external provider has no entry on the card: what counts is when the token was issued (AUTH-61).

    Instants of tokens are whole seconds, so one of the very second in which everything was ended counts as before.
    """
    valid_after = max(int(card.tokens_valid_from), epoch.valid_from(str(card.user_type)) - 1)
    other_type = facts.user_type is not None and facts.user_type != str(card.user_type)
    if card.status != ACTIVE or other_type or claims.issued_at <= valid_after:
        raise SessionRevoked
    entry = {"exp": claims.expires_at, "authAt": facts.proven_at, "mfa": facts.mfa}
    return Caller(card, claims.session_id, claims.amr, device_hash, entry)
