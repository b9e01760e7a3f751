"""What staff do to a student's subscriptions and entitlements, over the functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chalicelib.commerce.subscriptions.card import entries_of, families_of
from chalicelib.commerce.subscriptions.items import Entitlement, Subscription, entitlements_of, subscriptions_of
from chalicelib.platform import store
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.commerce.selling import card_of
from tests.support.client import Client, Response
from tests.support.people import Person

REASON = "asked for by the dean"


@dataclass
class Desk:
    """A member of staff at the counter, and the student before it."""

    cloud: Emulator
    client: Client
    staff: Person
    student: Person

    def path(self, tail: str) -> str:
        return f"/v1/admin/users/{self.student.id}/{tail}"

    def post(self, tail: str, key: str | None = None, **body: Any) -> Response:
        headers = {"Idempotency-Key": key or f"K{new_ulid()}"}
        json = {"reason": REASON, **body}
        return self.client.post(self.path(tail), json=json, token=self.staff.token, headers=headers)

    def get(self, tail: str, **query: str) -> Response:
        return self.client.get(self.path(tail), query=query, token=self.staff.token)

    def give(self, plan: str, **more: Any) -> dict[str, Any]:
        answer = self.post("subscriptions", planKey=plan, **more)
        assert answer.status == 201, answer.body
        return dict(answer.json)

    def extend(self, sub_id: str, days: int, **more: Any) -> Response:
        return self.post(f"subscriptions/{sub_id}/extend", days=days, **more)

    def cancel(self, sub_id: str) -> Response:
        return self.post(f"subscriptions/{sub_id}/cancel")

    def grant(self, kind: str, **more: Any) -> dict[str, Any]:
        answer = self.post("entitlements/grant", kind=kind, **more)
        assert answer.status == 201, answer.body
        return dict(answer.json)

    def revoke(self, entitlement_id: str) -> Response:
        return self.post("entitlements/revoke", entitlementId=entitlement_id)

    def rebuild(self, *, dry_run: bool = True) -> dict[str, Any]:
        answer = self.client.post(
            self.path("access-card/rebuild"), json={"dryRun": dry_run}, token=self.staff.token, expect=200
        )
        return dict(answer.json)

    def subscriptions(self) -> list[Subscription]:
        return store.every(subscriptions_of(self.student.id))

    def entitlements(self) -> list[Entitlement]:
        return store.every(entitlements_of(self.student.id))

    def entries(self) -> dict[str, dict[str, Any]]:
        return entries_of(card_of(self.student))

    def periods(self) -> list[tuple[str, int, int]]:
        families = families_of(card_of(self.student)).values()
        return [(one.sub_id, one.starts_at, one.ends_at) for had in families for one in had.periods]

    def audited(self) -> list[tuple[str, str | None]]:
        """Action and reason of every entry about subscriptions, entitlements and cards, in order."""
        names = ("subscription", "entitlement", "accesscard")
        found = [one for name in names for one in store.every(AuditEntry.of_type(name))]
        entries = store.get_many([one.itself for one in found])
        kept = [one for one in entries if isinstance(one, AuditEntry) and one.outcome == "DONE"]
        return [(str(one.action), one.reason) for one in sorted(kept, key=lambda one: str(one.id))]

    def state(self) -> list[dict[str, Any]]:
        """Everything of the student, for «nothing changed»."""
        return self.cloud.items(f"USER#{self.student.id}")
