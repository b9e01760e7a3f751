"""People for tests: an account with a live session, without the cost of a password hash each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import jwt

from chalicelib.identity.accounts import KnownDevice, Login, User, hash_password, user_hash
from chalicelib.identity.sessions import Device
from chalicelib.identity.sessions.opening import new_session, tokens_of
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import DEFAULT_ROLES, STUDENT_ROLE, SUPER_ADMIN, UserType
from chalicelib.platform.access.tokens import AUTH_AUDIENCE, AUTH_ISSUER, TOKEN_TYPE
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Item
from infra.local.emulator import Emulator

PASSWORD = "correct horse battery staple"
DEVICE = Device("203.0.113.7", "203.0.113.7", "pathshala-tests/1.0", "0" * 32)
TOKEN_SECONDS = 900


@dataclass(frozen=True)
class Person:
    """Somebody with an account, signed in once. ``token`` is an access token of that session."""

    id: str
    email: str
    password: str
    token: str
    refresh_token: str
    session_id: str
    user_type: str
    role: str

    @property
    def headers(self) -> dict[str, str]:
        """What a request of theirs carries."""
        return {"Authorization": f"Bearer {self.token}"}


class People:
    """Makes people."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._count = 0

    def student(self, **card: Any) -> Person:
        """A student; ``card``: attributes of the access card (``entitlements={...}``)."""
        return self._person(STUDENT_ROLE, UserType.STUDENT, frozenset(), card)

    def admin(self, role: str, **card: Any) -> Person:
        """Staff with one of the default roles (``ADMIN_CONTENT``)."""
        own = next(one for one in DEFAULT_ROLES if one.key == role)
        return self._person(role, own.user_type, own.permissions, card)

    def super_admin(self, **card: Any) -> Person:
        return self.admin(SUPER_ADMIN, **card)

    def _person(self, role: str, user_type: str, permissions: frozenset[Any], card: dict[str, Any]) -> Person:
        self._count += 1
        user_id, kind = new_ulid(), str(user_type)
        session, entry = new_session(user_id, kind, 1, DEVICE, ["pwd"])
        email = f"{role.lower().replace('_', '.')}.{self._count}@example.com"
        item = AccessCard(
            *AccessCard.place(user_id),
            user_id=user_id,
            user_type=kind,
            role_keys=[role],
            permissions={str(name) for name in permissions} or None,
            # They agreed to the notice that is asked for before the first page of a note.
            **{"status": "ACTIVE", "sessions": {session.id: entry}, "notice_version": 1, **card},
        )
        for one in (item, session, *_account(user_id, kind, role, email, f"Person {self._count}")):
            store.put(one)
        token = self.token(user_id, session.id, kind)
        return Person(user_id, email, PASSWORD, token, tokens_of(session).refresh, session.id, kind, role)

    def token(
        self,
        user_id: str,
        session_id: str,
        user_type: str,
        *,
        version: int = 1,
        seconds: int = TOKEN_SECONDS,
        **claims: Any,
    ) -> str:
        """An access token as the backend signs them; ``claims`` replace or add."""
        return sign(
            json.loads(self._emulator.secret("JWT_KEYS"))[0],
            user_id,
            session_id,
            user_type,
            version,
            seconds,
            **claims,
        )


@cache
def _hash() -> str:
    return hash_password(PASSWORD)


def _account(user_id: str, user_type: str, role: str, email: str, name: str) -> Iterator[Item]:
    """The other items of an account, as registration writes them."""
    now, hashed = clock.now(), user_hash(user_id)
    user = User(
        *User.place(user_id),
        id=user_id,
        email=email,
        name=name,
        type=user_type,
        created_via="SEED",
        user_hash=hashed,
        created_at=now,
        updated_at=now,
    )
    user.index([role])
    login = Login(*Login.place(email), email=email, user_id=user_id, type=user_type, password_hash=_hash())
    login.index()
    yield from (user, login, KnownDevice(*KnownDevice.place(user_id), user_id=user_id))


def sign(
    key: dict[str, Any], user_id: str, session_id: str, user_type: str, version: int, seconds: int, **claims: Any
) -> str:
    """A token signed with an entry of ``JWT_KEYS``."""
    now = clock.epoch()
    body = {
        "iss": AUTH_ISSUER(),
        "aud": AUTH_AUDIENCE(),
        "sub": user_id,
        "sid": session_id,
        "tv": version,
        "ut": user_type,
        "amr": ["pwd"],
        "jti": new_ulid(),
        "iat": now,
        "exp": now + seconds,
        **claims,
    }
    return jwt.encode(
        body,
        jwt.PyJWK({**key["jwk"], "alg": key["alg"]}).key,
        algorithm=key["alg"],
        headers={"kid": key["kid"], "typ": TOKEN_TYPE},
    )
