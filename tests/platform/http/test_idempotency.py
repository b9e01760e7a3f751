"""``Idempotency-Key`` (HTTP-35, HTTP-61): the same request again answers what the first one answered."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.platform import clock, store
from chalicelib.platform.http.idempotency import IN_PROGRESS, IdempotencyEntry, request_hash
from chalicelib.platform.http.request import Request
from infra.local.emulator import Emulator
from tests.platform.http.samples import paid
from tests.support.client import Client
from tests.support.people import People, Person

KEY = "order-2026-01-31"


@pytest.fixture(autouse=True)
def _unlimited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_CHECKOUT", "off")


def pay(samples: Client, person: Person, key: str | None = KEY, outcome: str = "pay") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return samples.post("/v1/sample-payments", json={"outcome": outcome}, token=person.token, headers=headers)


@pytest.mark.rule("HTTP-35")
def test_the_key_is_required_and_has_a_form(samples: Client, people: People) -> None:
    student = people.student()
    assert pay(samples, student, key=None).code == "IDEMPOTENCY_KEY_REQUIRED"
    for wrong in ("short", "x" * 65, "with space 123456", "ünïcode-key-1234"):
        assert pay(samples, student, key=wrong).code == "HEADER_INVALID"
    assert paid() == 0


@pytest.mark.rule("HTTP-35")
def test_the_same_request_again_answers_the_first_answer(samples: Client, people: People) -> None:
    student = people.student()
    first, second = pay(samples, student), pay(samples, student)
    assert (first.status, first.json) == (second.status, second.json) == (200, {"payments": 1})
    assert second.headers["idempotent-replay"] == "true"
    assert "idempotent-replay" not in first.headers
    assert paid() == 1


@pytest.mark.rule("HTTP-35")
def test_another_body_another_caller_another_key(samples: Client, people: People) -> None:
    student, other = people.student(), people.student()
    pay(samples, student)
    reused = pay(samples, student, outcome="refuse")
    assert (reused.status, reused.code) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert pay(samples, other).json == {"payments": 2}
    assert pay(samples, student, key="another-key-1234").json == {"payments": 3}


@pytest.mark.rule("HTTP-35")
def test_a_key_lives_24_hours(samples: Client, people: People, cloud: Emulator) -> None:
    student = people.student()
    pay(samples, student)
    cloud.advance(24 * 3600 - 5)
    late = Person(**{**vars(student), "token": people.token(student.id, student.session_id, student.user_type)})
    assert pay(samples, late).headers["idempotent-replay"] == "true"
    cloud.advance(10)
    assert pay(samples, late).json == {"payments": 2}


@pytest.mark.rule("HTTP-35")
def test_creating_with_a_key_replays_status_and_place(samples: Client, people: People) -> None:
    admin = people.admin("ADMIN_CONTENT")
    sent = {"token": admin.token, "headers": {"Idempotency-Key": KEY}}
    first = samples.post("/v1/samples", json={"title": "x"}, **sent)
    second = samples.post("/v1/samples", json={"title": "x"}, **sent)
    assert (first.status, second.status) == (201, 201)
    assert first.json == second.json
    for name in ("location", "etag", "content-type"):
        assert first.headers[name] == second.headers[name]
    third = samples.post("/v1/samples", json={"title": "x"}, token=admin.token)
    assert third.json["id"] != first.json["id"]


@pytest.mark.rule("HTTP-61")
def test_parallel_requests_with_one_key_have_one_effect(samples: Client, people: People) -> None:
    student = people.student()
    answers: list[Any] = []

    def ask() -> None:
        answers.append(pay(samples, student))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paid() == 1
    assert {answer.status for answer in answers} <= {200, 409}
    for answer in answers:
        if answer.status == 409:
            assert answer.code == "IDEMPOTENCY_IN_PROGRESS"
            assert answer.headers["retry-after"] == "1"
        else:
            assert answer.json == {"payments": 1}
    assert pay(samples, student).json == {"payments": 1}


@pytest.mark.rule("HTTP-35")
def test_a_refusal_is_an_answer_and_stays(samples: Client, people: People) -> None:
    student = people.student()
    first = pay(samples, student, outcome="refuse")
    second = pay(samples, student, outcome="refuse")
    assert (first.status, first.code) == (second.status, second.code) == (409, "SAMPLE_REFUSED")
    assert second.json["details"] == {"reason": "because"}
    assert second.headers["idempotent-replay"] == "true"
    # The envelope carries the id of the request it answers (HTTP-20).
    assert second.json["requestId"] == second.headers["x-request-id"] != first.json["requestId"]


@pytest.mark.rule("HTTP-35")
def test_a_5xx_is_not_kept(samples: Client, people: People, cloud: Emulator) -> None:
    from tests.platform.http import samples as declared

    student = people.student()
    assert pay(samples, student, outcome="fail").status == 502
    assert paid() == 1
    again = pay(samples, student)
    assert (again.status, again.json) == (200, {"payments": 2})
    crash = {
        "httpMethod": "POST",
        "path": "/v1/sample-payments",
        "headers": {
            "Authorization": f"Bearer {student.token}",
            "Content-Type": "application/json",
            "Idempotency-Key": "crashing-key-1234",
        },
        "body": '{"outcome":"crash"}',
    }
    assert declared.pay_sample(crash, None)["statusCode"] == 500
    assert pay(samples, student, key="crashing-key-1234").status == 200


@pytest.mark.rule("HTTP-35")
def test_a_run_that_died_frees_its_key_when_its_lease_passes(samples: Client, people: People, cloud: Emulator) -> None:
    student = people.student()
    raw = b'{"outcome": "pay"}'
    request = Request("POST", "/v1/sample-payments", {}, {}, {}, raw, "", "request-1")
    place = IdempotencyEntry.place(student.id, "pay_sample", KEY)
    now = clock.epoch()
    store.put(
        IdempotencyEntry(
            place.pk,
            place.sk,
            request_hash=request_hash(request),
            state=IN_PROGRESS,
            lease_until=now + 29,
            created_at=now,
            ttl=now + 86_400,
        )
    )
    assert pay(samples, student).code == "IDEMPOTENCY_IN_PROGRESS"
    cloud.advance(31)
    assert pay(samples, student).json == {"payments": 1}


@pytest.mark.rule("HTTP-35")
def test_the_entry_is_as_small_as_it_says(samples: Client, people: People, cloud: Emulator) -> None:
    student = people.student()
    pay(samples, student)
    (entry,) = cloud.items(f"IDEM#{student.id}#pay_sample#{KEY}")
    assert entry["state"] == {"S": "DONE"}
    assert entry["status"] == {"N": "200"}
    assert int(entry["ttl"]["N"]) - int(entry["created_at"]["N"]) == 86_400
