"""The running local cloud as a stranger uses it: over HTTP, knowing only the published interface."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import requests

T = TypeVar("T")
PASSWORD = "lantern-river-92"
_counter = itertools.count(1)


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Run all at the same instant, each in its own thread."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        gate.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


@dataclass
class Person:
    """Somebody signed in."""

    id: str
    email: str
    token: str


class Academy:
    """``/v1`` and ``/_local`` of one running local cloud."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.api = str(facts["apiUrl"])
        self.phonepe = str(facts["phonepeUrl"])
        self.accounts = {str(one["role"]): one for one in facts["accounts"]}
        self._staff = {role: self._sign_in(role) for role in self.accounts}

    def call(self, method: str, path: str, person: Person | None = None, **given: Any) -> requests.Response:
        """One request; ``json``, ``headers``, ``params``, ``data`` as requests takes them."""
        headers = dict(given.pop("headers", {}))
        if person is not None:
            headers["Authorization"] = f"Bearer {person.token}"
        return requests.request(method, self.api + path, headers=headers, timeout=60, **given)

    def ok(self, method: str, path: str, person: Person | None = None, **given: Any) -> Any:
        """One request that must succeed; its JSON."""
        answer = self.call(method, path, person, **given)
        assert answer.status_code < 300, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def sign_in(self, role: str) -> Person:
        """One of the demo accounts; signed in once, before a proof uses up what failures its address may make."""
        return self._staff[role]

    def _sign_in(self, role: str) -> Person:
        account = self.accounts[role]
        given = {"email": account["email"], "password": account["password"]}
        tokens = self.ok("POST", "/v1/auth/login", json=given)
        return Person(tokens["user"]["id"], account["email"], tokens["accessToken"])

    def register(self) -> Person:
        """A new student."""
        email = f"proof-{next(_counter)}-{threading.get_ident() % 1000}@student.example"
        given = {"email": email, "password": PASSWORD, "name": "Kavya Proof", "acceptedTerms": True}
        tokens = self.ok("POST", "/v1/auth/register", json=given)
        return Person(tokens["user"]["id"], email, tokens["accessToken"])

    def local(self, method: str, path: str, **given: Any) -> Any:
        """One call of the control API."""
        return self.ok(method, f"/_local/{path}", **given)

    def drain(self) -> None:
        """Wait until stream, queues and executions are idle."""
        self.local("POST", "drain")

    def subject(self, editor: Person) -> str:
        """A new subject."""
        given = {"key": f"proof-{next(_counter)}", "name": "Geography"}
        return str(self.ok("POST", "/v1/admin/subjects", editor, json=given)["id"])

    def upload(self, editor: Person, content: bytes) -> str:
        """A confirmed PDF."""
        given = {
            "fileName": "proof.pdf",
            "contentType": "application/pdf",
            "sizeBytes": len(content),
            "purpose": "NOTES_PDF",
        }
        begun = self.ok("POST", "/v1/admin/files/init-upload", editor, json=given)
        target = begun["upload"]
        sent = requests.put(target["url"], data=content, headers=target["headers"], timeout=60)
        assert sent.status_code == 200, sent.text
        self.ok("POST", f"/v1/admin/files/confirm-upload/{begun['fileAssetId']}", editor)
        return str(begun["fileAssetId"])

    def note(self, editor: Person, content: bytes, *, premium: bool = True) -> str:
        """A published note with this file."""
        given = {
            "subjectId": self.subject(editor),
            "title": "Rivers of India",
            "isPremium": premium,
            "fileAssetId": self.upload(editor, content),
        }
        note_id = str(self.ok("POST", "/v1/admin/notes", editor, json=given)["id"])
        self.ok("POST", f"/v1/admin/notes/{note_id}/publish", editor)
        return note_id

    def plan(self, manager: Person, *, price: int = 49_900, days: int = 30) -> str:
        """An active plan that opens everything."""
        key = f"proof-{next(_counter)}"
        given = {
            "key": key,
            "name": "Everything",
            "pricePaise": price,
            "durationDays": days,
            "isActive": True,
            "grants": [{"kind": "ALL"}],
        }
        self.ok("POST", "/v1/admin/plans", manager, json=given)
        return key

    def checkout(self, student: Person, plan: str, **headers: str) -> Any:
        """A new order."""
        return self.ok("POST", "/v1/payments/checkout", student, json={"planKey": plan}, headers=headers)

    def press(self, order: str, outcome: str = "SUCCESS") -> None:
        """A button of the hosted page."""
        self.local("POST", f"phonepe/orders/{order}/pay", json={"outcome": outcome})

    def status(self, student: Person, order: str) -> Any:
        """The order's status as the return page polls it."""
        return self.ok("GET", f"/v1/payments/orders/{order}/status", student)

    def bought(self, student: Person, plan: str) -> str:
        """A paid and finalized order."""
        order = str(self.checkout(student, plan)["merchantTransactionId"])
        self.press(order)
        self.drain()
        assert self.status(student, order)["status"] == "SUCCESS"
        return order
