"""Staff as the seed and invitations make them: with role items, holders and counters; quickly, also by the thousand."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from chalicelib.identity.accounts import User
from chalicelib.identity.roles import Role, RoleHolder, due_of, every_role, seed_roles
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.access.catalogue import DEFAULT_ROLES, SUPER_ADMIN, UserType
from chalicelib.platform.aws import clients
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Item
from chalicelib.platform.store.keys import TABLE_NAME
from infra.local.emulator import Emulator
from tests.support.client import Client, Response
from tests.support.people import People, Person

BATCH = 25


def put_all(items: list[Item]) -> None:
    """Write many items, 25 a call."""
    chunks = [items[first : first + BATCH] for first in range(0, len(items), BATCH)]

    def write(chunk: list[Item]) -> None:
        requests = [{"PutRequest": {"Item": item.serialize()}} for item in chunk]
        while requests:
            answer = clients.dynamodb().batch_write_item(RequestItems={TABLE_NAME(): requests})
            requests = answer.get("UnprocessedItems", {}).get(TABLE_NAME(), [])

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, chunks))


def seed_holders(role_key: str, count: int, also: str | None = None) -> list[str]:
    """So many people who hold a role (``also``: a second one), without sessions; their ids. For tests and benchmarks.

    What is written is what assigning them one by one would leave: users, cards, holders, counters.
    """
    by_key, now = every_role(), clock.now()
    keys = [role_key, *([also] if also else [])]
    ids = [new_ulid() for _ in range(count)]
    items: list[Item] = []
    for number, user_id in enumerate(ids):
        card = AccessCard(
            *AccessCard.place(user_id), user_id=user_id, user_type="ADMIN", status="ACTIVE", role_keys=list(keys)
        )
        card.permissions = set(due_of(card, by_key).permissions) or None
        items += [card, _user(user_id, f"holder.{number}.{user_id.lower()}@example.com", f"Holder {number}", keys)]
        items += [
            RoleHolder(*RoleHolder.place(key, user_id), user_id=user_id, role_key=key, assigned_at=now) for key in keys
        ]
    put_all(items)
    for key in keys:
        actions = [Role.holders.add(count), Role.active_holders.add(count), Role.version.add(1)]
        store.update(Role, Role.place(key), actions)
    return ids


def _user(user_id: str, email: str, name: str, keys: list[str]) -> User:
    now = clock.now()
    user = User(
        *User.place(user_id),
        id=user_id,
        email=email,
        name=name,
        type="ADMIN",
        created_via="SEED",
        user_hash=user_id[-8:],
        created_at=now,
        updated_at=now,
    )
    user.index(keys)
    return user


def card_of(user_id: str) -> AccessCard:
    found = store.get(AccessCard, AccessCard.place(user_id))
    assert found is not None
    return found


def role_of(key: str) -> Role:
    found = store.get(Role, Role.place(key))
    assert found is not None
    return found


def holders_of(key: str) -> list[str]:
    return sorted(str(one.user_id) for one in store.every(RoleHolder.of(key)))


class Office:
    """An academy with its roles and a boss; everybody in it holds what their card says."""

    def __init__(self, cloud: Emulator, client: Client, people: People) -> None:
        self.cloud, self.client, self.people = cloud, client, people
        seed_roles()
        self.boss = self.staff(SUPER_ADMIN)

    def staff(self, *keys: str, status: str = "ACTIVE") -> Person:
        """Somebody who holds these roles, signed in."""
        kind = next((one.user_type for one in DEFAULT_ROLES if one.key == keys[0]), UserType.ADMIN)
        known = next((one.key for one in DEFAULT_ROLES if one.key == keys[0]), "ADMIN_TEST")
        person = self.people.admin(known, status=status)
        by_key = every_role()
        card = card_of(person.id)
        card.role_keys = list(keys)
        card.permissions = set(due_of(card, by_key).permissions) or None
        store.put(card)
        store.update(User, User.place(person.id), [User.row["roleKeys"].set(list(keys))])
        for key in keys:
            place = RoleHolder.place(key, person.id)
            store.put(RoleHolder(*place, user_id=person.id, role_key=key, assigned_at=clock.now()))
            active = [Role.active_holders.add(1)] if status == "ACTIVE" else []
            store.update(Role, Role.place(key), [Role.holders.add(1), *active, Role.version.add(1)])
        assert kind == person.user_type
        return person

    def assign(self, by: Person, user_id: str, *keys: str, **more: object) -> Response:
        body = {"roleKeys": list(keys), "reason": "Moves to another desk", **more}
        return self.client.put(f"/v1/admin/users/{user_id}/roles", json=body, token=by.token)

    def edit(
        self, key: str, by: Person | None = None, headers: dict[str, str] | None = None, **body: object
    ) -> Response:
        token = (by or self.boss).token
        return self.client.patch(f"/v1/admin/access/roles/{key}", json=body, token=token, headers=headers)

    def unchanged(self) -> Callable[[], bool]:
        """Asks later whether the table is as it is now, limits and refusals aside."""
        before = self._state()
        return lambda: self._state() == before

    def _state(self) -> list[dict[str, object]]:
        aside = {"RateWindow"}
        return [
            item
            for item in self.cloud.items()
            if item["kind"]["S"] not in aside and item.get("outcome", {}).get("S") != "REFUSED"
        ]

    def audited(self) -> list[dict[str, Any]]:
        """What the audit trail says was done, oldest first."""
        found = [item for item in self.cloud.items() if item["kind"]["S"] == "AuditEntry"]
        entries = sorted(found, key=lambda item: item["sk"]["S"])
        return [dict(store.read(entry).to_simple_dict()) for entry in entries if entry["outcome"]["S"] == "DONE"]

    def numbers(self, key: str) -> tuple[int, int, int]:
        """Holders and active holders as the role counts them, and how many holders there are."""
        role = role_of(key)
        return int(role.holders), int(role.active_holders), len(holders_of(key))
