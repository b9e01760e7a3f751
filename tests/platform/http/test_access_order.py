"""In which order a request is refused, and what nobody learns from it (HTTP-14, HTTP-20 … HTTP-26, HTTP-62)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.platform.http.samples import add, paid
from tests.support.client import Client
from tests.support.people import People

NOBODY = "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"
WRONG = {"title": 5, "unknown": 1}


@pytest.mark.rule("HTTP-20")
def test_errors_have_one_envelope(samples: Client, people: People) -> None:
    answer = samples.get("/v1/samples?colour=red", token=people.student().token)
    assert set(answer.json) == {"code", "message", "details", "requestId", "timestamp"}
    assert answer.json["code"] == "VALIDATION_FAILED"
    assert answer.json["requestId"] == answer.headers["x-request-id"]
    assert clock.parse_iso(answer.json["timestamp"])
    for detail in answer.json["details"]:
        assert set(detail) == {"field", "issue", "message"}
    missing = samples.get("/v1/samples")
    assert set(missing.json) == {"code", "message", "requestId", "timestamp"}


@pytest.mark.rule("HTTP-25")
def test_tokens_that_do_not_let_in(samples: Client, people: People, cloud: Emulator) -> None:
    student = people.student()
    expired = people.token(student.id, student.session_id, student.user_type, seconds=-60)
    for token, code in ((None, "TOKEN_MISSING"), ("nonsense", "TOKEN_INVALID"), (expired, "TOKEN_EXPIRED")):
        answer = samples.get("/v1/samples", token=token)
        assert (answer.status, answer.code) == (401, code)
        assert answer.headers["www-authenticate"] == 'Bearer realm="pathshala", error="invalid_token"'
    elsewhere = people.token(student.id, new_ulid(), student.user_type)
    assert samples.get("/v1/samples", token=elsewhere).code == "SESSION_REVOKED"
    basic = samples.get("/v1/samples", headers={"Authorization": "Basic YTpi"})
    assert basic.code == "TOKEN_INVALID"


@pytest.mark.rule("HTTP-26")
def test_who_may_not_learns_nothing_about_schemas_or_resources(samples: Client, people: People) -> None:
    student = people.student()
    sample = add(student.id)
    assert samples.post("/v1/samples", json=WRONG).code == "TOKEN_MISSING"
    for path in (f"/v1/samples/{sample}", f"/v1/samples/{NOBODY}", "/v1/samples/what"):
        answer = samples.patch(path, json=WRONG, token=student.token)
        assert (answer.status, answer.code) == (403, "WRONG_USER_TYPE")
        assert b"title" not in answer.body
    staff = people.admin("ADMIN_TEST")
    refused = samples.post("/v1/samples", json=WRONG, token=staff.token)
    assert (refused.status, refused.code) == (403, "FORBIDDEN")
    assert refused.json["details"] == {"reason": "MISSING_PERMISSION", "permission": ["content.manage"]}


@pytest.mark.rule("HTTP-26")
def test_validation_comes_before_the_resource_and_the_resource_before_its_policy(
    samples: Client, people: People
) -> None:
    admin, student = people.admin("ADMIN_CONTENT"), people.student()
    sample = add(new_ulid())
    assert samples.patch(f"/v1/samples/{NOBODY}", json=WRONG, token=admin.token).status == 422
    assert samples.patch(f"/v1/samples/{NOBODY}", json={"title": "x"}, token=admin.token).code == "SAMPLE_NOT_FOUND"
    assert samples.get(f"/v1/samples/{NOBODY}", token=student.token).code == "SAMPLE_NOT_FOUND"
    refused = samples.get(f"/v1/samples/{sample}", token=student.token)
    assert (refused.status, refused.json["details"]) == (403, {"reason": "NOT_OWNER"})


@pytest.mark.rule("HTTP-26")
def test_a_blocked_person_hears_that_before_anything_else(samples: Client, people: People) -> None:
    student = people.student()
    store.update(AccessCard, AccessCard.place(student.id), [AccessCard.status.set("BLOCKED")])
    assert samples.get("/v1/samples?colour=x", token=student.token).code == "ACCOUNT_BLOCKED"


@pytest.mark.rule("HTTP-14")
@pytest.mark.parametrize("name", ["x", "1", NOBODY + "0", "I" * 26, "8" + NOBODY[1:], "..", "a%2Fb", "%00"])
def test_what_is_no_id_names_nothing(samples: Client, people: People, name: str) -> None:
    answer = samples.get(f"/v1/samples/{name}", token=people.student().token)
    assert (answer.status, answer.code) == (404, "SAMPLE_NOT_FOUND")


@pytest.mark.rule("HTTP-14")
def test_ids_are_found_in_either_case(samples: Client, people: People) -> None:
    student = people.student()
    sample = add(student.id)
    assert samples.get(f"/v1/samples/{sample.lower()}", token=student.token).json["id"] == sample


@pytest.mark.rule("HTTP-24")
def test_what_is_not_there_and_what_is_no_id_answer_alike_and_cost_alike(
    samples: Client, people: People, cloud: Emulator
) -> None:
    token = people.student().token
    with cloud.calls.during() as calls:
        answers = [samples.get(f"/v1/samples/{name}", token=token).json for name in (NOBODY, "what")]
    first, second = ({**one, "requestId": "", "timestamp": ""} for one in answers)
    assert first == second
    assert [call.operation for call in calls] == ["BatchGetItem", "GetItem"]


@pytest.mark.rule("HTTP-22")
def test_what_nobody_expected_tells_nothing(cloud: Emulator, people: People, caplog: pytest.LogCaptureFixture) -> None:
    from tests.platform.http.samples import pay_sample

    token = people.student().token
    event = {
        "httpMethod": "POST",
        "path": "/v1/sample-payments",
        "headers": {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "Idempotency-Key": "k" * 16,
            "X-Request-Id": "my-request-1",
        },
        "body": '{"outcome":"crash"}',
        "requestContext": {"identity": {"sourceIp": "203.0.113.7"}},
    }
    answer = pay_sample(event, None)
    assert answer["statusCode"] == 500
    text = re.sub(r'"timestamp": "[^"]*"', "", answer["body"])
    assert '"code": "INTERNAL"' in text
    assert '"requestId": "my-request-1"' in text
    for word in ("Traceback", "RuntimeError", "pathshala-local", "asha", ".py"):
        assert word not in str(answer)
    told = str(vars(next(record for record in caplog.records if record.message == "unexpected")))
    assert "RuntimeError" in told
    assert "samples.py" in told
    assert "asha@example.com" not in told


@pytest.mark.rule("HTTP-62")
def test_maintenance(samples: Client, client: Client, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    student, content, root = people.student(), people.admin("ADMIN_CONTENT"), people.super_admin()
    monkeypatch.setenv("MAINTENANCE", "true")
    asked: list[tuple[str, dict[str, Any]]] = [
        ("/v1/samples", {"token": student.token}),
        ("/v1/samples", {"token": content.token}),
        ("/v1/samples", {}),
        ("/v1/samples", {"token": "nonsense"}),
        ("/v1/sample-open", {}),
        ("/v1/sample-who", {}),
    ]
    for path, more in asked:
        answer = samples.get(path, **more)
        assert (answer.status, answer.code) == (503, "MAINTENANCE")
        assert answer.headers["retry-after"] == "300"
    assert samples.get("/v1/samples", token=root.token).status == 200
    assert client.get("/v1/health").status == 200
    assert client.get("/v1/docs").status == 200
    key = {"Idempotency-Key": "k" * 16}
    assert samples.post("/v1/sample-payments", json={}, token=student.token, headers=key).status == 503
    assert paid() == 0


@pytest.mark.rule("HTTP-26")
def test_a_person_without_a_card_is_told_to_try_again(samples: Client, people: People) -> None:
    student = people.student()
    store.delete(AccessCard, AccessCard.place(student.id))
    assert samples.get("/v1/samples", token=student.token).code == "UNAVAILABLE"


def test_sign_in_is_optional_where_declared(samples: Client, people: People) -> None:
    student = people.student()
    assert samples.get("/v1/sample-who").json == {"seen": None}
    assert samples.get("/v1/sample-who", token=student.token).json == {"seen": student.id}
    assert samples.get("/v1/sample-who", token="nonsense").code == "TOKEN_INVALID"


@pytest.mark.rule("ACC-46", "ACC-55")
@pytest.mark.rule("HTTP-24")
def test_what_is_in_another_centre_is_as_if_it_did_not_exist(samples: Client, people: People) -> None:
    """The same answer, to the byte, as for what does not exist; inside one's own centre a refusal is a refusal."""
    here, there = new_ulid(), new_ulid()
    mine, theirs = add(here), add(there)
    operator = people.admin("CENTRE_OWNER", centres={here: ["centre.seats.manage"]})
    clerk = people.admin("CENTRE_STAFF", centres={here: ["centre.reports.read"]})

    def ask(sample: str, person: Any) -> tuple[int, dict[str, Any]]:
        answer = samples.get(f"/v1/centre-samples/{sample}", token=person.token)
        return answer.status, {name: one for name, one in answer.json.items() if name not in ("requestId", "timestamp")}

    assert ask(mine, operator) == (200, {"seen": mine})
    assert ask(theirs, operator) == ask(NOBODY, operator)
    assert ask(theirs, operator)[0] == 404
    assert ask(mine, clerk)[0] == 403
    for person in (people.student(), people.admin("ADMIN_CONTENT")):
        assert ask(mine, person) == ask(NOBODY, person)
    assert ask(theirs, people.super_admin())[0] == 403
