"""The academy's main story (LOC-12), told against a running local cloud over HTTP, each step with its time."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import requests
from pypdf import PdfReader

from infra.local.demo.typesetting import pdf, texts

ROOT = Path(__file__).resolve().parents[3]
SHARED_PDF = ROOT.parent / "shared" / "data" / "pdfs" / "freeculture.pdf"
TIMEOUT = 60
PAID_SECONDS = 60.0
CHUNK = 1_048_576


class StepFailed(Exception):
    """The first step that is not as it should be."""


def _pdf(given: Path | None) -> tuple[str, bytes]:
    named = given or (Path(os.environ["DEMO_PDF"]) if os.environ.get("DEMO_PDF") else None)
    if named is not None and not named.is_file():
        raise StepFailed(f"there is no file {named}")
    chosen = named or (SHARED_PDF if SHARED_PDF.is_file() else None)
    if chosen is not None:
        return chosen.stem, chosen.read_bytes()
    note = texts()[0]
    return note.name, pdf(note)


class _Story:
    """One telling; every step prints a line."""

    def __init__(self, told: dict[str, Any]) -> None:
        self.api = str(told["apiUrl"])
        self.phonepe = str(told["phonepeUrl"])
        self.accounts = {account["role"]: account for account in told["accounts"]}
        self.run = secrets.token_hex(4)
        self.began = time.perf_counter()
        self.count = 0

    @contextmanager
    def step(self, what: str) -> Iterator[Callable[[str], None]]:
        """A step: its line says what came out and how long it took."""
        said: list[str] = []
        started = time.perf_counter()
        try:
            yield said.append
        except (requests.RequestException, KeyError, ValueError, AssertionError) as error:
            raise StepFailed(f"  ✗ {what}: {type(error).__name__}: {error}") from error
        except StepFailed as failed:
            raise StepFailed(f"  ✗ {what}: {failed}") from failed
        self.count += 1
        milliseconds = (time.perf_counter() - started) * 1000
        print(f"  ✓ {self.count:>2}. {what:<62} {milliseconds:>8.0f} ms  {'; '.join(said)}", flush=True)

    def call(
        self, method: str, path: str, body: Any = None, *, token: str = "", expect: int = 200, **headers: str
    ) -> requests.Response:
        """One call of the API; ``StepFailed`` for another status."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        answer = requests.request(method, f"{self.api}{path}", json=body, headers=sent, timeout=TIMEOUT)
        if answer.status_code != expect:
            raise StepFailed(f"{method} {path} answered {answer.status_code}, not {expect}: {answer.text[:300]}")
        return answer

    def sign_in(self, role: str) -> str:
        account = self.accounts[role]
        given = {"email": account["email"], "password": account["password"]}
        return str(self.call("POST", "/v1/auth/login", given).json()["accessToken"])


def tell(told: dict[str, Any], given: Path | None) -> None:
    """Tell it. Raises ``StepFailed`` at the first step that is not as it should be."""
    story = _Story(told)
    name, content = _pdf(given)
    print(f"The main story, at {story.api}")
    note_id = _publish(story, name, content)
    token = _refused(story, note_id)
    order = _buy(story, token)
    _paid(story, token, order)
    _read(story, token, note_id, content)
    print(f"{story.count} steps in {time.perf_counter() - story.began:.1f} s")


def _publish(story: _Story, name: str, content: bytes) -> str:
    with story.step("a super-admin signs in"):
        admin = story.sign_in("ADMIN_SUPER")
    with story.step("uploads a real PDF, which is looked into and confirmed") as say:
        file_id = _upload(story, admin, name, content)
        say(f"{len(content):,} bytes")
    with story.step("creates a premium note of it and publishes it") as say:
        subject = story.call("GET", "/v1/admin/subjects", token=admin).json()["items"][0]
        given = {
            "subjectId": subject["id"],
            "title": f"{name.replace('-', ' ').title()} ({story.run})",
            "description": "Published by the demo.",
            "isPremium": True,
            "fileAssetId": file_id,
        }
        note = story.call("POST", "/v1/admin/notes", given, token=admin, expect=201).json()
        published = story.call("POST", f"/v1/admin/notes/{note['id']}/publish", token=admin).json()
        assert published["isPublished"], "the note is not published"
        say(f"{published['pageCount']} pages")
    return str(note["id"])


def _upload(story: _Story, admin: str, name: str, content: bytes) -> str:
    given = {
        "fileName": f"{name}.pdf",
        "contentType": "application/pdf",
        "sizeBytes": len(content),
        "purpose": "NOTES_PDF",
        "checksumSha256": base64.b64encode(hashlib.sha256(content).digest()).decode(),
    }
    begun = story.call("POST", "/v1/admin/files/init-upload", given, token=admin, expect=201).json()
    upload = begun["upload"]
    put = requests.put(upload["url"], data=content, headers=upload["headers"], timeout=TIMEOUT)
    if put.status_code != 200:
        raise StepFailed(f"the upload answered {put.status_code}: {put.text[:300]}")
    file_id = str(begun["fileAssetId"])
    confirmed = requests.post(
        f"{story.api}/v1/admin/files/confirm-upload/{file_id}",
        headers={"Authorization": f"Bearer {admin}"},
        timeout=TIMEOUT,
    )
    if confirmed.status_code not in (200, 202):
        raise StepFailed(f"the confirmation answered {confirmed.status_code}: {confirmed.text[:300]}")
    return file_id


def _refused(story: _Story, note_id: str) -> str:
    with story.step("a new student registers") as say:
        email = f"demo.{story.run}@student.example"
        given = {
            "email": email,
            "password": "chalk-and-monsoon-9",
            "name": "Kiran Rao",
            "acceptedTerms": True,
        }
        token = str(story.call("POST", "/v1/auth/register", given, expect=201).json()["accessToken"])
        say(email)
    with story.step("sees the note, and is refused it") as say:
        note = story.call("GET", f"/v1/notes/{note_id}", token=token).json()
        assert note["locked"], "the note is not locked"
        refused = story.call("POST", f"/v1/notes/{note_id}/view-session", {}, token=token, expect=403).json()
        say(f"{refused['code']}: {refused['details']['reason']}")
    return token


def _buy(story: _Story, token: str) -> dict[str, Any]:
    with story.step("chooses a plan and starts to pay") as say:
        plan = story.call("GET", "/v1/plans").json()["items"][0]
        key = {"Idempotency_Key": f"demo-story-{story.run}"}
        wanted = {"planKey": plan["key"], "billing": {"country": "IN", "state": "KA"}}
        order: dict[str, Any] = story.call(
            "POST", "/v1/payments/checkout", wanted, token=token, expect=201, **key
        ).json()
        say(f"₹{order['amountPaise'] / 100:,.2f} for {plan['name']}")
    with story.step("opens PhonePe's page: merchant, amount, buttons"):
        page = requests.get(order["redirectUrl"], timeout=TIMEOUT)
        assert page.status_code == 200, f"the page answered {page.status_code}"
        rupees = f"{order['amountPaise'] // 100:,}"
        assert rupees in page.text, f"the page does not show {rupees}"
    number = order["merchantTransactionId"]
    with story.step("a workflow follows the order") as say:
        say(f"{_execution(story, number)['workflow']}")
    with story.step("pays; the webhook arrives twice at once") as say:
        told = {"order": number, "webhook": {"copies": 2}}
        story.call("POST", "/_local/phonepe/behaviour", told)
        story.call("POST", f"/_local/phonepe/orders/{number}/pay", {"outcome": "SUCCESS"})
        say(number)
    return order


def _execution(story: _Story, number: str) -> dict[str, Any]:
    """The workflow's execution that follows an order; the stream starts it, so it may take a moment."""
    deadline = time.monotonic() + PAID_SECONDS
    while time.monotonic() < deadline:
        items = story.call("GET", "/_local/executions").json()["items"]
        found = next((one for one in items if number in json.dumps([one["name"], one["input"]])), None)
        if found is not None:
            return dict(found)
        time.sleep(0.1)
    raise StepFailed("no execution follows the order")


def _paid(story: _Story, token: str, order: dict[str, Any]) -> None:
    number = order["merchantTransactionId"]
    with story.step("the order is paid, once") as say:
        deadline = time.monotonic() + PAID_SECONDS
        while True:
            status = story.call("GET", f"/v1/payments/orders/{number}/status", token=token).json()
            if status["status"] == "SUCCESS":
                break
            if time.monotonic() > deadline:
                raise StepFailed(f"the order is still {status['status']}")
            time.sleep(0.2)
        seen = story.call("GET", "/_local/phonepe/orders").json()["items"]
        hooks = next(one for one in seen if one["merchantTransactionId"] == number).get("webhooks", [])
        say(f"{len(hooks)} webhooks")
    with story.step("the workflow has finalized it: one subscription") as say:
        mine = story.call("GET", "/v1/me/subscription", token=token).json()
        assert mine["activeSubscription"], "there is no active subscription"
        more = [*mine["others"], *mine["upcoming"]]
        assert not more, f"there is more than one subscription: {more}"
        history = story.call("GET", "/v1/payments/history", token=token).json()["items"]
        assert [one["status"] for one in history] == ["SUCCESS"], f"the history is {history}"
        say(f"execution {_execution(story, number)['status']}")


def _read(story: _Story, token: str, note_id: str, content: bytes) -> None:
    path = f"/v1/notes/{note_id}/view-session"
    with story.step("is told what reading means, and agrees") as say:
        notice = story.call("POST", path, {}, token=token, expect=403).json()["details"]
        say(notice["text"])
    with story.step("opens a view session with the student's own watermark") as say:
        session = story.call("POST", path, {"acceptNotice": notice["version"]}, token=token, expect=201).json()
        say(session["watermark"]["maskedEmail"])
    with story.step("reads the whole PDF by ranges, page for page") as say:
        size, step = int(session["contentLength"]), min(int(session["maxRangeBytes"]), CHUNK)
        read = bytearray()
        while len(read) < size:
            last = min(size, len(read) + step) - 1
            part = story.call(
                "GET",
                f"/v1/notes/{note_id}/content",
                token=token,
                expect=206,
                Range=f"bytes={len(read)}-{last}",
                X_View_Token=session["viewToken"],
            )
            read += part.content
        pages = [len(PdfReader(BytesIO(one)).pages) for one in (content, bytes(read))]
        assert pages == [session["pageCount"]] * 2, f"pages uploaded and read: {pages}"
        say(f"{pages[1]} pages in {-(-size // step)} ranges of the copy made for reading")


__all__ = ["StepFailed", "tell"]
