"""Liveness and readiness (HTTP-01, HTTP-02)."""

from __future__ import annotations

import json

import pytest

from chalicelib.platform import clock, readiness
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from infra.local.emulator import Emulator
from tests.support.client import Client


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    readiness.forget()


@pytest.mark.rule("HTTP-01")
def test_health_makes_no_call(client: Client, cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APP_VERSION", "1.2.3")
    cloud.calls.clear()
    answer = client.get("/v1/health", expect=200)
    assert set(answer.json) == {"status", "stage", "version", "commit", "policyVersion", "time"}
    assert (answer.json["status"], answer.json["stage"], answer.json["version"]) == ("ok", cloud.stage, "1.2.3")
    assert abs(clock.parse_iso(answer.json["time"]) - clock.now()).total_seconds() < 60
    assert answer.headers["cache-control"] == "no-store"
    assert not list(cloud.calls)


@pytest.mark.rule("HTTP-02")
def test_ready_asks_each_dependency_once_and_keeps_it(client: Client, cloud: Emulator) -> None:
    cloud.calls.clear()
    answers = [client.get("/v1/health/ready", expect=200) for _ in range(3)]
    assert answers[0].json["status"] == "ready"
    assert set(answers[0].json["checks"]) == {"table", "bucket", "secrets", "queues"}
    for check in answers[0].json["checks"].values():
        assert check["ok"] is True
        assert check["ms"] < 2_000
    assert sorted(call.service for call in cloud.calls if "QueueUrl" not in call.operation) == [
        "dynamodb",
        "s3",
        "sqs",
        "ssm",
    ]
    assert answers[2].json == answers[0].json


@pytest.mark.rule("HTTP-02")
@pytest.mark.parametrize(
    ("service", "operation", "name"),
    [
        ("dynamodb", "DescribeTable", "table"),
        ("s3", "GetBucketPolicyStatus", "bucket"),
        ("ssm", "GetParameter", "secrets"),
        ("sqs", "GetQueueAttributes", "queues"),
    ],
)
def test_a_failed_check_says_no_and_nothing_else(
    client: Client, cloud: Emulator, service: str, operation: str, name: str
) -> None:
    cloud.fault(service, operation, "AccessDeniedException", times=5)
    answer = client.get("/v1/health/ready")
    assert (answer.status, answer.json["status"]) == (503, "degraded")
    assert {check for check, found in answer.json["checks"].items() if not found["ok"]} == {name}
    assert set(answer.json["checks"][name]) == {"ok", "ms"}
    for word in (b"arn:", b"AccessDenied", b"pathshala-", b"injected"):
        assert word not in answer.body


@pytest.mark.rule("FILE-41", "HTTP-02")
@pytest.mark.parametrize("effect", ["Allow", "Deny"])
def test_a_bucket_that_anybody_may_read_is_not_ready(client: Client, cloud: Emulator, effect: str) -> None:
    objects = f"arn:aws:s3:::{BUCKET_NAME()}/*"
    statement = {"Effect": effect, "Principal": "*", "Action": "s3:GetObject", "Resource": objects}
    clients.s3().put_bucket_policy(Bucket=BUCKET_NAME(), Policy=json.dumps({"Statement": [statement]}))
    try:
        answer = client.get("/v1/health/ready")
    finally:
        clients.s3().delete_bucket_policy(Bucket=BUCKET_NAME())
    assert answer.json["checks"]["bucket"]["ok"] is (effect == "Deny")
    assert answer.status == (200 if effect == "Deny" else 503)
