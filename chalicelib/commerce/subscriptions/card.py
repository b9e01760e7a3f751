"""The card's part that subscriptions own: ``entitlements`` and ``subscriptions``; read, changed, kept small."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.commerce.subscriptions.effects import MAX_PERIODS, Period
from chalicelib.platform.access.card import CARD_MAX_BYTES, MAX_ENTITLEMENTS, AccessCard, plain
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.records import frozen

MAX_FAMILIES = 20
MAX_SCOPE_IDS = 600
SCOPE_LISTS = ("subjectIds", "topicIds", "noteIds", "testIds")

Entry = dict[str, Any]
"""One entitlement as the card has it: ``{kind, subjectIds, topicIds, noteIds, testIds, startsAt, endsAt}``.

A merged one also has ``of``: the ids of the entitlements that it stands for.
"""


class CardFull(Exception):
    """The card cannot hold it, even without what has ended and with equal entitlements merged."""


@frozen
class Family:
    """A plan family on the card. ``v`` grows with each write of it."""

    v: int
    periods: tuple[Period, ...] = ()

    def stored(self) -> dict[str, Any]:
        """As the card keeps it."""
        return {"v": self.v, "periods": [_stored(period) for period in self.periods]}


def families_of(card: AccessCard) -> dict[str, Family]:
    """All families on a card, ended periods too."""
    found = plain(card.subscriptions)
    return {
        name: Family(int(one["v"]), tuple(_read(period) for period in one["periods"])) for name, one in found.items()
    }


def entries_of(card: AccessCard) -> dict[str, Entry]:
    """All entitlements on a card by id, ended ones too."""
    return {entry_id: dict(entry) for entry_id, entry in plain(card.entitlements).items()}


def entry(kind: str, scope: Mapping[str, Iterable[str]], starts_at: int, ends_at: int) -> Entry:
    """An entitlement for the card; a scope on ALL is ignored (ENT-15)."""
    lists = {name: [] if kind == "ALL" else list(scope.get(name, ())) for name in SCOPE_LISTS}
    return {"kind": kind, **lists, "startsAt": starts_at, "endsAt": ends_at}


@dataclass
class Draft:
    """The card as a capture at ``now`` will leave it. ``before`` is what was read; nothing else may count on it."""

    now: int
    before: Mapping[str, Entry]
    families_before: Mapping[str, Family]
    entitled_until: int
    other_bytes: int
    entries: dict[str, Entry] = field(default_factory=dict)
    families: dict[str, Family] = field(default_factory=dict)

    @classmethod
    def of(cls, card: AccessCard, now: int) -> Draft:
        """The card without what has ended: that goes first (ENT-19)."""
        before, families = entries_of(card), families_of(card)
        # A card of staff, or of a student with a grant of their own, has sets; only its weight is wanted here.
        rest = card.to_simple_dict(force=True)
        others = weight({name: value for name, value in rest.items() if name not in {"entitlements", "subscriptions"}})
        until = max([int(card.entitled_until or 0), *(int(one["endsAt"]) for one in before.values())])
        live = {entry_id: one for entry_id, one in before.items() if int(one["endsAt"]) > now}
        return cls(now, before, families, until, others, live, dict(families))

    def put(self, entry_id: str, one: Entry) -> None:
        """Set an entitlement."""
        self.entries[entry_id] = one
        self.entitled_until = max(self.entitled_until, int(one["endsAt"]))

    def move(self, entry_id: str, starts_at: int, ends_at: int) -> None:
        """Give an entitlement another time; one that is not there was revoked and stays so.

        What stands in a merged one gets an entry of its own again, with the scope of all that was merged: more than it
        had, never less.
        """
        merged = next((one for one in self.entries.values() if entry_id in one.get("of", ())), None)
        found = self.entries.get(entry_id) or merged
        if found is not None:
            self.put(entry_id, entry(found["kind"], found, starts_at, ends_at))

    def drop(self, entry_id: str) -> None:
        """Take an entitlement away; what it is merged with keeps it until its end."""
        self.entries.pop(entry_id, None)

    def take(self, gone: Collection[str], own: Mapping[str, Entry]) -> None:
        """Take entitlements away at once, out of merged ones too: the others of those get entries of their ``own``."""
        for entry_id, one in list(self.entries.items()):
            members = one.get("of", ())
            if entry_id in gone or set(members).intersection(gone):
                del self.entries[entry_id]
                self.entries.update({other: own[other] for other in members if other not in gone and other in own})

    def stands(self, entry_id: str) -> bool:
        """Whether it is on the card, by itself or within a merged one."""
        return entry_id in self.entries or any(entry_id in one.get("of", ()) for one in self.entries.values())

    def write_family(self, name: str, periods: Iterable[Period]) -> None:
        """Set a family's periods; its ``v`` grows, and begins with the second: none that was dropped comes back."""
        before = self.families_before.get(name)
        self.families[name] = Family(before.v + 1 if before else self.now, tuple(periods))

    def fit(self) -> None:
        """Make it fit, or raise ``CardFull``."""
        if len(self.families) > MAX_FAMILIES:
            ended = [name for name, one in self.families.items() if all(p.ends_at <= self.now for p in one.periods)]
            self.families = {name: one for name, one in self.families.items() if name not in ended}
        if not self._fits_entitlements():
            self.entries = merged(self.entries)
        periods = max((len(one.periods) for one in self.families.values()), default=0)
        if not self._fits_entitlements() or len(self.families) > MAX_FAMILIES or periods > MAX_PERIODS:
            raise CardFull

    def _fits_entitlements(self) -> bool:
        ids = sum(len(one.get(name, ())) for one in self.entries.values() for name in SCOPE_LISTS)
        subscriptions = {name: one.stored() for name, one in self.families.items()}
        size = self.other_bytes + weight({"entitlements": self.entries, "subscriptions": subscriptions})
        return len(self.entries) <= MAX_ENTITLEMENTS and ids <= MAX_SCOPE_IDS and size <= CARD_MAX_BYTES()


def merged(entries: Mapping[str, Entry]) -> dict[str, Entry]:
    """Entitlements of one kind and time as one; a whole kind swallows the scopes beside it."""
    groups: dict[tuple[str, int, int], dict[str, Entry]] = {}
    for entry_id, one in entries.items():
        key = (str(one["kind"]), int(one["startsAt"]), int(one["endsAt"]))
        groups.setdefault(key, {})[entry_id] = one
    found: dict[str, Entry] = {}
    for (kind, starts_at, ends_at), group in groups.items():
        if len(group) == 1:
            found.update(group)
            continue
        whole = any(not any(one.get(name) for name in SCOPE_LISTS) for one in group.values())
        scope = {name: sorted({str(i) for one in group.values() for i in one.get(name, ())}) for name in SCOPE_LISTS}
        ids = sorted({i for entry_id, one in group.items() for i in one.get("of", [entry_id])})
        found[new_ulid()] = {**entry(kind, {} if whole else scope, starts_at, ends_at), "of": ids}
    return found


def weight(value: Any) -> int:
    """About the bytes that DynamoDB counts for a value: names and texts in UTF-8, 3 a list or map, 1 a member."""
    if isinstance(value, Mapping):
        return 3 + sum(1 + len(str(name).encode()) + weight(one) for name, one in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return 3 + sum(1 + weight(one) for one in value)
    if isinstance(value, bool) or value is None:
        return 1
    return len(str(value).encode())


def _stored(period: Period) -> dict[str, Any]:
    return {
        "subId": period.sub_id,
        "planKey": period.plan_key,
        "name": period.name,
        "tier": period.tier,
        "grantsHash": period.grants_hash,
        "startsAt": period.starts_at,
        "endsAt": period.ends_at,
        "entitlementIds": list(period.entitlement_ids),
    }


def _read(stored: Mapping[str, Any]) -> Period:
    return Period(
        str(stored["subId"]),
        str(stored["planKey"]),
        str(stored["name"]),
        int(stored["tier"]),
        str(stored["grantsHash"]),
        int(stored["startsAt"]),
        int(stored["endsAt"]),
        tuple(str(one) for one in stored.get("entitlementIds", ())),
    )
