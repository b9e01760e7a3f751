"""The running local cloud as a stranger uses it: over HTTP, knowing only the published interface."""

from __future__ import annotations

import itertools
import math
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import boto3
import requests

T = TypeVar("T")
PASSWORD = "lantern-river-92"
STAFF_PASSWORD = "Kaveri-lantern-2031"
FRESH_SECONDS = 500
"""How long a token that was handed out is taken for good: well within its life, and within a recent proof."""
_counter = itertools.count(1)


def at_once(works: Sequence[Callable[[], T]]) -> list[T]:
    """Run all at the same instant, each in its own thread."""
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], T]) -> T:
        gate.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


class Hammer:
    """Many clients who do the same again and again; each outcome is kept with the mark under which it began."""

    def __init__(self, work: Callable[[], T], clients: int) -> None:
        self._work = work
        self._pool = ThreadPoolExecutor(clients)
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._mark = ""
        self.seen: dict[str, list[Any]] = {"": []}
        self._clients = [self._pool.submit(self._run) for _ in range(clients)]

    def _run(self) -> None:
        while not self._ended.is_set():
            mark = self._mark
            outcome = self._work()
            with self._changed:
                self.seen[mark].append(outcome)
                self._changed.notify_all()

    def mark(self, name: str) -> None:
        """What begins from now on is kept under this name."""
        self.seen[name] = []
        self._mark = name

    def wait_for(self, mark: str, count: int) -> None:
        """Until so many outcomes are there."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen[mark]) >= count, timeout=60)

    def end(self) -> None:
        """Stop; raises what a client raised."""
        self._ended.set()
        for one in self._clients:
            one.result()
        self._pool.shutdown()


def wanted(plan: str, **more: Any) -> dict[str, Any]:
    """The body of a checkout by somebody in the academy's own state."""
    return {"planKey": plan, "billing": {"country": "IN", "state": "KA"}, **more}


@dataclass
class Person:
    """Somebody signed in; ``at``: when, by the backend's clock (epoch seconds)."""

    id: str
    email: str
    token: str
    refresh: str = ""
    password: str = PASSWORD
    session_id: str = ""
    at: float = 0


class Academy:
    """``/v1`` and ``/_local`` of one running local cloud; ``log``: where it writes, where that is known."""

    def __init__(self, facts: dict[str, Any], log: Path | None = None) -> None:
        self.api = str(facts["apiUrl"])
        self.phonepe = str(facts["phonepeUrl"])
        self.aws = str(facts["storageUrl"])
        self.log = log
        self.rotate_keys: Callable[[], None] | None = None
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
        """One of the demo accounts; signed in anew once what was handed out is old by the backend's clock."""
        if self.now() - self._staff[role].at > FRESH_SECONDS:
            self.next_window(60)
            self._staff[role] = self._sign_in(role)
        return self._staff[role]

    def _sign_in(self, role: str) -> Person:
        account = self.accounts[role]
        return self.login(account["email"], account["password"])

    def login(self, email: str, password: str = PASSWORD, **given: Any) -> Person:
        """Somebody who signs in with a password."""
        tokens = self.ok("POST", "/v1/auth/login", json={"email": email, "password": password, **given})
        return self.person(tokens, email, password)

    def person(self, tokens: dict[str, Any], email: str, password: str = PASSWORD) -> Person:
        """Whoever was handed these tokens."""
        return Person(
            tokens["user"]["id"],
            email,
            tokens["accessToken"],
            tokens["refreshToken"],
            password,
            tokens["sessionId"],
            self.now(),
        )

    def now(self) -> float:
        """The backend's clock (epoch seconds)."""
        told = str(self.local("GET", "clock")["now"])
        return datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp()

    def advance(self, seconds: float) -> None:
        """Move the backend's clock."""
        self.local("POST", "clock", json={"advanceSeconds": seconds})

    def next_window(self, seconds: int) -> None:
        """Move the clock to just behind the beginning of the next window of that length: its counters are empty."""
        now = self.now()
        self.advance(math.floor(now / seconds + 1) * seconds - now + 0.2)

    def empty_mailbox(self) -> None:
        """Forget every mail; what is on its way (the mail that greets newcomers) comes first."""
        self.drain()
        self.local("DELETE", "mailbox")

    def mails(self, to: str) -> list[dict[str, Any]]:
        """What was sent to somebody, newest first, once everything on its way has arrived."""
        self.drain()
        found: list[dict[str, Any]] = self.local("GET", "mailbox", params={"to": to})["items"]
        return found

    def mailed(self, to: str, pattern: str, *, seconds: float = 5) -> str:
        """The first group of the newest mail to somebody in which a pattern is found, waited for."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for mail in self.local("GET", "mailbox", params={"to": to})["items"]:
                match = re.search(pattern, mail["text"])
                if match:
                    return match[1]
        raise AssertionError(f"no mail with {pattern}")

    def table(self) -> Any:
        """The table itself, as somebody with the AWS console could see it."""
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local", "region_name": "ap-south-1"}
        resource = boto3.resource("dynamodb", endpoint_url=self.aws, **keys)
        return next(iter(resource.tables.all()))

    def colleague(self, *roles: str) -> Person:
        """A new member of staff with these roles, by invitation."""
        boss = self.sign_in("ADMIN_SUPER")
        email = f"colleague-{next(_counter)}@academy.example"
        self.ok("POST", "/v1/admin/invites", boss, json={"email": email, "name": "New Colleague", "roleKeys": [*roles]})
        token = self.mailed(email, r"invite\?token=([\w.~-]+)")
        given = {"token": token, "name": "Ravi Menon", "password": STAFF_PASSWORD}
        return self.person(self.ok("POST", "/v1/auth/accept-invite", json=given), email, STAFF_PASSWORD)

    def register(self) -> Person:
        """A new student."""
        email = f"proof-{next(_counter)}-{threading.get_ident() % 1000}@student.example"
        given = {"email": email, "password": PASSWORD, "name": "Kavya Proof", "acceptedTerms": True}
        return self.person(self.ok("POST", "/v1/auth/register", json=given), email)

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
        return self.asset(editor, content, "application/pdf", "NOTES_PDF")

    def asset(self, editor: Person, content: bytes, kind: str, purpose: str) -> str:
        """A confirmed file."""
        given = {"fileName": "proof", "contentType": kind, "sizeBytes": len(content), "purpose": purpose}
        begun = self.ok("POST", "/v1/admin/files/init-upload", editor, json=given)
        target = begun["upload"]
        sent = requests.put(target["url"], data=content, headers=target["headers"], timeout=60)
        assert sent.status_code == 200, sent.text
        self.ok("POST", f"/v1/admin/files/confirm-upload/{begun['fileAssetId']}", editor)
        return str(begun["fileAssetId"])

    def note(
        self,
        editor: Person,
        content: bytes,
        *,
        premium: bool = True,
        subject: str | None = None,
        topics: Sequence[str] = (),
    ) -> str:
        """A published note with this file."""
        given = {
            "subjectId": subject or self.subject(editor),
            "title": "Rivers of India",
            "isPremium": premium,
            "fileAssetId": self.upload(editor, content),
            "topicIds": [*topics],
        }
        note_id = str(self.ok("POST", "/v1/admin/notes", editor, json=given)["id"])
        self.ok("POST", f"/v1/admin/notes/{note_id}/publish", editor)
        return note_id

    def opened(self, person: Person, note_id: str, **headers: str) -> Reader:
        """Somebody who opened a note, after agreeing to the notice where that is asked for."""
        path = f"/v1/notes/{note_id}/view-session"
        answer = self.call("POST", path, person, json={}, headers=headers)
        if answer.status_code == 403 and answer.json()["code"] == "NOTICE_NOT_ACCEPTED":
            accepted = {"acceptNotice": answer.json()["details"]["version"]}
            answer = self.call("POST", path, person, json=accepted, headers=headers)
        assert answer.status_code == 201, answer.text
        return Reader(self, person, note_id, answer.json())

    def plan(self, manager: Person, *, price: int = 49_900, days: int = 30, grants: Any = None, **more: Any) -> str:
        """An active plan that opens everything, or what ``grants`` say; ``more``: further fields of it."""
        key = f"proof-{next(_counter)}"
        given = {
            "key": key,
            "name": "Everything",
            "pricePaise": price,
            "durationDays": days,
            "isActive": True,
            "grants": grants or [{"kind": "ALL"}],
            **more,
        }
        self.ok("POST", "/v1/admin/plans", manager, json=given)
        return key

    def checkout(self, student: Person, plan: str, **headers: str) -> Any:
        """A new order."""
        return self.ok("POST", "/v1/payments/checkout", student, json=wanted(plan), headers=headers)

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


@dataclass
class Reader:
    """Somebody who reads one note in one view session."""

    academy: Academy
    person: Person
    note_id: str
    session: dict[str, Any]

    def get(self, byte_range: str | None = None, method: str = "GET", **headers: str) -> requests.Response:
        """Content of the note."""
        ranged = {} if byte_range is None else {"Range": byte_range}
        return self.call(method, "content", **ranged, **headers)

    def call(self, method: str, part: str, json: Any = None, **headers: str) -> requests.Response:
        """A request about the note that carries the view token; ``headers``: underscores for hyphens."""
        sent = {"X-View-Token": self.session["viewToken"]}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        path = f"/v1/notes/{self.note_id}/{part}"
        return self.academy.call(method, path, self.person, headers=sent, json=json)
