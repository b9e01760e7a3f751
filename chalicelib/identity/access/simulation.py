"""What an edit of a role would change, without changing it (ACC-75)."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.identity import roles as held
from chalicelib.identity.access.editing import wish_of
from chalicelib.identity.access.schemas import Difference, PersonDifference, SimulationAnswer, SimulationRequest
from chalicelib.identity.accounts import User, user_key
from chalicelib.identity.roles import RoleHolder, permissions_if
from chalicelib.platform import store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import AccessCard, permissions_at
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.clock import now
from chalicelib.platform.http import cursors

LIST = "role-simulation"


def simulate(body: SimulationRequest, by: Caller) -> SimulationAnswer:
    """Who gains and loses what by an edit, given all else that they have: one page of the role's holders.

    Three round trips. An action counts as lost for who has none of its permissions any more. Raises ``RoleNotFound``,
    ``ValidationFailed``, ``CursorInvalid``.
    """
    bound = body.model_dump(mode="json", exclude={"cursor", "limit"})
    start = cursors.open_(LIST, by.user_id, bound, body.cursor)
    role = held.every_role().get(body.key)
    if role is None:
        raise held.RoleNotFound
    wish = wish_of(str(role.user_type), body)
    before = held.permissions_of([role])
    after = wish.permissions_after(before)
    found = store.fetch(RoleHolder.of(body.key), limit=body.limit, start=start)
    return SimulationAnswer(
        role_key=body.key,
        holders=int(role.holders),
        gains=_difference(before, after),
        loses=_difference(after, before),
        items=_people([str(one.user_id) for one in found.items], body.key, after),
        next_cursor=cursors.seal(LIST, by.user_id, bound, found.next_key),
    )


def _people(ids: list[str], key: str, after: Iterable[str]) -> list[PersonDifference]:
    places = [place for user_id in ids for place in (AccessCard.place(user_id), user_key(user_id))]
    found = store.get_many(places) if places else []
    by_key = held.every_role() if places else {}
    shown = []
    for card, user in zip(found[::2], found[1::2], strict=True):
        if isinstance(card, AccessCard):
            had = permissions_at(card, now().timestamp())
            has = permissions_if(card, by_key, key, after, now().timestamp())
            name = str(user.name) if isinstance(user, User) else None
            if had != has:
                gains, loses = _difference(had, has), _difference(has, had)
                shown.append(PersonDifference(user_id=card.user_id, name=name, gains=gains, loses=loses))
    return shown


def _difference(before: Iterable[str], after: Iterable[str]) -> Difference:
    """What is new afterwards."""
    return Difference(
        permissions=sorted(set(after) - set(before)), actions=sorted(_actions(set(after)) - _actions(set(before)))
    )


def _actions(names: set[str]) -> set[str]:
    """The actions of staff that one of these permissions is enough for to be let in."""
    return {action.name for action in Actions.all().values() if not names.isdisjoint(map(str, action.permissions))}
