"""Rate limits: exact in their window, whatever runs in parallel (HTTP-40, HTTP-41, HTTP-44)."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from chalicelib.platform import settings
from chalicelib.platform.http import limits
from chalicelib.platform.http.limits import Limit, Limits, Per
from infra.local.emulator import Emulator
from tests.platform.http.samples import paid
from tests.support.client import Client
from tests.support.people import People

KEYS = iter(f"key-{number:012d}" for number in range(10_000))


def pay(samples: Client, token: str, outcome: str = "pay") -> Any:
    headers = {"Idempotency-Key": next(KEYS)}
    return samples.post("/v1/sample-payments", json={"outcome": outcome}, token=token, headers=headers)


@pytest.mark.rule("HTTP-41")
def test_of_all_requests_of_a_window_exactly_n_pass(samples: Client, people: People, window: Any) -> None:
    token = people.student().token
    window(600)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(pay(samples, token))

    threads = [threading.Thread(target=ask) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 15
    assert paid() == 5
    for answer in answers:
        if answer.status == 429:
            assert answer.code == "RATE_LIMITED"
            assert 1 <= int(answer.headers["retry-after"]) <= 600


@pytest.mark.rule("HTTP-41")
def test_the_window_is_the_clocks_and_ends(samples: Client, people: People, cloud: Emulator, window: Any) -> None:
    student = people.student()
    window(600)
    assert [pay(samples, student.token).status for _ in range(6)] == [200] * 5 + [429]
    counters = [item for item in cloud.items() if item["pk"]["S"].startswith("RATE#checkout#")]
    assert len(counters) == 1
    start = int(counters[0]["pk"]["S"].rsplit("#", 1)[1])
    assert start % 600 == 0
    assert int(counters[0]["ttl"]["N"]) == start + 660
    cloud.advance(590)
    late = people.token(student.id, student.session_id, student.user_type)
    refused = pay(samples, late)
    assert refused.status == 429
    assert 1 <= int(refused.headers["retry-after"]) <= 10
    cloud.advance(10)
    assert pay(samples, late).status == 200


@pytest.mark.rule("HTTP-41")
def test_answers_tell_how_the_window_stands(samples: Client, people: People, window: Any) -> None:
    token = people.student().token
    window(600)
    answer = pay(samples, token)
    assert answer.headers["ratelimit-limit"] == "5"
    assert answer.headers["ratelimit-remaining"] == "4"
    assert 1 <= int(answer.headers["ratelimit-reset"]) <= 600


@pytest.mark.rule("HTTP-41")
def test_several_limits_count_together_and_the_longest_wait_wins(cloud: Emulator, window: Any) -> None:
    window(86_400)
    slow = Limit("sample-slow", "1/3600", Per.IP)
    quick = Limit("sample-quick", "1/60", Per.IP)
    limits.Counting([(slow, "a"), (quick, "a")]).settle()
    with pytest.raises(limits.RateLimited) as refused:
        limits.Counting([(quick, "a"), (slow, "a")]).settle()
    assert 3_500 < int(refused.value.headers["Retry-After"]) <= 3_600


@pytest.mark.rule("HTTP-26")
def test_the_limit_comes_before_parsing(samples: Client, people: People, window: Any) -> None:
    token = people.student().token
    window(600)
    for _ in range(5):
        assert pay(samples, token, outcome="nonsense").status == 422
    assert pay(samples, token, outcome="nonsense").status == 429


@pytest.mark.rule("HTTP-40")
def test_people_are_counted_apart(samples: Client, people: People, window: Any) -> None:
    window(600)
    first, second = people.student(), people.student()
    assert [pay(samples, first.token).status for _ in range(6)][-1] == 429
    assert pay(samples, second.token).status == 200


@pytest.mark.rule("HTTP-40")
def test_classes_are_configured_and_off_is_for_local_stages(
    samples: Client, people: People, window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = people.student().token
    window(600)
    monkeypatch.setenv("RATE_CHECKOUT", "1/600")
    assert [pay(samples, token).status for _ in range(2)] == [200, 429]
    monkeypatch.setenv("RATE_CHECKOUT", "off")
    assert pay(samples, token).status == 200
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.setenv("RATE_CHECKOUT", "off ")
    with pytest.raises(settings.BadSetting):
        Limits.CHECKOUT.rate()
    for wrong in ("0/60", "5/0", "5", "5/60/1", "-1/60"):
        monkeypatch.setenv("RATE_CHECKOUT", wrong)
        with pytest.raises(settings.BadSetting):
            Limits.CHECKOUT.rate()


@pytest.mark.rule("HTTP-40")
def test_off_does_not_work_in_other_stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", "prod")
    monkeypatch.setenv("RATE_SAMPLE_NEVER_OFF", "off")
    with pytest.raises(settings.BadSetting):
        Limit("sample-never-off", "5/60", Per.IP).rate()


@pytest.mark.rule("HTTP-40")
def test_edge_classes_are_counted_in_the_table_where_no_edge_exists(
    samples: Client, people: People, cloud: Emulator, window: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = people.student()
    samples.get("/v1/samples", token=student.token, expect=200)
    assert not [item for item in cloud.items() if item["pk"]["S"].startswith("RATE#")]
    monkeypatch.setenv("EDGE_LIMITS", "function")
    monkeypatch.setenv("RATE_DEFAULT", "2/60")
    window(60)
    assert [samples.get("/v1/samples", token=student.token).status for _ in range(3)] == [200, 200, 429]
    assert [samples.get("/v1/sample-who").status for _ in range(3)] == [200, 200, 429]
    subjects = {pk.split("#")[2] for item in cloud.items() if (pk := item["pk"]["S"]).startswith("RATE#default#")}
    assert subjects == {student.id, "ip:203.0.113.7"}


@pytest.mark.rule("HTTP-40")
def test_default_rates() -> None:
    rates = {name: limit.rate.default for name, limit in vars(Limits).items() if isinstance(limit, Limit)}
    expected = {
        "DEFAULT": "120/60",
        "ASSETS": "300/60",
        "WEBHOOK": "300/60",
        "DOCS": "30/60",
        "AUTH": "10/60",
        "AUTH_ADDRESS": "60/60",
        "AUTH_FAILURES": "10/60",
        "REGISTER": "30/60",
        "REGISTER_DAY": "300/86400",
        "REFRESH": "10/60",
        "CHECKOUT": "5/600",
        "VIEW_SESSION": "20/60",
        "UPLOAD": "60/60",
        "NOTE_CONTENT": "60/120",
    }
    assert {name: rates[name] for name in expected} == expected


@pytest.mark.rule("HTTP-44")
def test_a_closed_class_refuses_when_it_cannot_count(samples: Client, people: People, cloud: Emulator) -> None:
    token = people.student().token
    cloud.fault("dynamodb", "UpdateItem", "Throttling", times=20, function="pay_sample")
    answer = pay(samples, token)
    assert (answer.status, answer.code) == (503, "UNAVAILABLE")
    assert answer.headers["retry-after"] == "1"
    cloud.faults.clear()
    assert paid() == 0


@pytest.mark.rule("HTTP-44")
def test_the_others_let_pass_and_count_that(
    samples: Client, cloud: Emulator, capfd: pytest.CaptureFixture[str]
) -> None:
    cloud.fault("dynamodb", "UpdateItem", "Throttling", times=20, function="open_sample")
    assert samples.get("/v1/sample-open").status == 200
    assert "LimiterUnavailable" in capfd.readouterr().out


@pytest.mark.rule("HTTP-41")
def test_counting_waits_for_nobody(samples: Client, people: People, cloud: Emulator) -> None:
    token = people.student().token
    with cloud.calls.during() as calls:
        pay(samples, token)
    made = [call.operation for call in calls]
    # The card's read and the counter run side by side; then the key, the payment, the key's answer.
    assert sorted(made) == ["GetItem", "PutItem", "UpdateItem", "UpdateItem", "UpdateItem"]
