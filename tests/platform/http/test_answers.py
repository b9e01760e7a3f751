"""How large answers may be, and what is tried again inside (HTTP-28, HTTP-29)."""

from __future__ import annotations

import pytest

from infra.local.emulator import Emulator
from tests.platform.http import samples as declared
from tests.platform.http.samples import add, paid
from tests.support.client import Client
from tests.support.people import People


@pytest.mark.rule("HTTP-29")
def test_an_answer_that_the_platform_could_not_carry_is_refused_by_us(samples: Client) -> None:
    assert len(samples.get("/v1/sample-large?size=5767168").body) == 5_767_168
    event = {"httpMethod": "GET", "path": "/v1/sample-large", "queryStringParameters": {"size": "5767169"}}
    answer = declared.large_sample(event, None)
    assert answer["statusCode"] == 500
    assert len(answer["body"]) < 1_000


@pytest.mark.rule("HTTP-28")
@pytest.mark.parametrize("error", ["Throttling", "InternalServerError", "Unreachable"])
def test_what_passes_is_tried_again(samples: Client, people: People, cloud: Emulator, error: str) -> None:
    student = people.student()
    sample = add(student.id)
    cloud.fault("dynamodb", "BatchGetItem", error, times=3)
    with cloud.calls.during() as calls:
        assert samples.get(f"/v1/samples/{sample}", token=student.token).status == 200
    assert sum(call.operation == "BatchGetItem" for call in calls) == 4


@pytest.mark.rule("HTTP-28")
def test_what_does_not_pass_is_unavailable_and_says_when_to_come_back(
    samples: Client, people: People, cloud: Emulator
) -> None:
    student = people.student()
    cloud.fault("dynamodb", "BatchGetItem", "Throttling", times=4)
    answer = samples.get(f"/v1/samples/{add(student.id)}", token=student.token)
    assert (answer.status, answer.code, answer.headers["retry-after"]) == (503, "UNAVAILABLE", "1")
    assert not cloud.faults.pending()


@pytest.mark.rule("HTTP-28")
def test_a_conflict_that_persists_is_the_callers_to_repeat(samples: Client, people: People, cloud: Emulator) -> None:
    admin = people.admin("ADMIN_CONTENT")
    sample = add(admin.id)
    cloud.fault("dynamodb", "UpdateItem", "TransactionConflict", times=4, function="change_sample")
    answer = samples.patch(f"/v1/samples/{sample}", json={"title": "x"}, token=admin.token)
    assert (answer.status, answer.code) == (409, "CONFLICT")
    cloud.fault("dynamodb", "UpdateItem", "TransactionConflict", times=3, function="change_sample")
    assert samples.patch(f"/v1/samples/{sample}", json={"title": "x"}, token=admin.token).status == 200


@pytest.mark.rule("HTTP-28")
def test_nothing_is_tried_again_past_the_functions_time(samples: Client, people: People, cloud: Emulator) -> None:
    token = people.student().token

    class Late:
        """A Lambda context with half a second left."""

        def get_remaining_time_in_millis(self) -> int:
            return 500

    cloud.fault("dynamodb", "GetItem", "Throttling", times=9, function="pay_sample")
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": "k" * 16,
    }
    event = {"httpMethod": "POST", "path": "/v1/sample-payments", "headers": headers, "body": "{}"}
    with cloud.calls.during() as calls:
        answer = declared.pay_sample(event, Late())
    assert answer["statusCode"] == 503
    assert sum(call.operation == "GetItem" for call in calls) == 1
    cloud.faults.clear()
    assert paid() == 0
