"""What a deployment refuses before it changes anything; the AWS that it asks is moto's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.platform import secrets
from infra.package import deployment, stages
from infra.package.stages import BadStage, Stage
from infra.package.templates import load_registry
from infra.resources.bucket import anonymous_grants, policy_document

REGION = "ap-south-1"
STRONG = "n3P0sZc6b1Jw8yQm5tRk"


@pytest.fixture
def stage() -> Stage:
    load_registry()
    return stages.load("prod")


def _with(stage: Stage, **settings: str) -> Stage:
    return replace(stage, environment={**stage.environment, **settings})


@pytest.mark.rule("PAY-114")
def test_production_does_not_pay_at_the_sandbox(stage: Stage) -> None:
    sandbox = _with(stage, PHONEPE_API_BASE_URL="https://api-preprod.phonepe.com/apis/pg-sandbox")
    found = deployment.problems_of_settings(sandbox)
    assert "PHONEPE_API_BASE_URL: stage prod must use https://api.phonepe.com" in found


@pytest.mark.rule("PAY-114")
def test_no_other_stage_pays_for_real(stage: Stage) -> None:
    live = replace(_with(stage, STAGE="dev", PHONEPE_API_BASE_URL="https://api.phonepe.com/apis/pg"), name="dev")
    found = deployment.problems_of_settings(live)
    assert "PHONEPE_API_BASE_URL: only stage prod may use api.phonepe.com" in found


@pytest.mark.rule("PAY-114")
@pytest.mark.parametrize("name", ["dev", "prod"])
def test_each_stage_pays_where_it_should(stage: Stage, name: str) -> None:
    assert not [one for one in deployment.problems_of_settings(stages.load(name)) if "phonepe.com" in one]


@pytest.mark.rule("DEP-06")
def test_example_hosts_are_not_deployed(stage: Stage) -> None:
    found = deployment.problems_of_settings(
        _with(stage, CORS_ORIGINS="https://app.academy.example,https://a.academy.in")
    )
    assert [one for one in found if one.startswith("CORS_ORIGINS")] == [
        "CORS_ORIGINS names app.academy.example, which is nobody's host"
    ]


@pytest.mark.rule("PAY-114")
@pytest.mark.parametrize(
    "value",
    [
        "",
        "   ",
        "changeme",
        "changeme-changeme-changeme",
        "short",
        "default-secret-value",
        '{"clientId": "PATHSHALA", "clientSecret": ""}',
        '{"merchantId": "PATHSHALA", "salts": {"1": "changeme"}}',
    ],
)
def test_weak_secrets(value: str) -> None:
    assert deployment.weak_secret(value)


@pytest.mark.parametrize("value", [STRONG, json.dumps({"merchantId": "PATHSHALA", "salts": {"1": STRONG}})])
def test_a_strong_secret(value: str) -> None:
    assert not deployment.weak_secret(value)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.mark.rule("DEP-06", "PAY-114")
def test_secrets_must_be_there_strong_and_encrypted(aws: None, stage: Stage) -> None:
    ssm = boto3.client("ssm", region_name=REGION)
    names = sorted(secrets.declared())
    missing, weak, plain, *rest = names
    for name in rest:
        ssm.put_parameter(Name=f"/pathshala/prod/{name}", Value=STRONG, Type="SecureString")
    ssm.put_parameter(Name=f"/pathshala/prod/{weak}", Value="changeme", Type="SecureString")
    ssm.put_parameter(Name=f"/pathshala/prod/{plain}", Value=STRONG, Type="String")
    found = deployment.problems_of_secrets(stage, ssm)
    assert found == [
        f"the parameter /pathshala/prod/{missing} is missing",
        f"the parameter /pathshala/prod/{weak} is empty, short or an example",
        f"the parameter /pathshala/prod/{plain} is no SecureString",
    ]
    assert not any(STRONG in one or "changeme" in one for one in found)


OPEN: dict[str, Any] = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}


@pytest.mark.rule("FILE-41")
def test_the_deployed_policy_allows_nobody(stage: Stage) -> None:
    document = policy_document(stage)
    assert anonymous_grants(document) == []
    assert {one["Effect"] for one in document["Statement"]} == {"Deny"}
    plain = [one for one in document["Statement"] if "aws:SecureTransport" in str(one)]
    assert [one["Condition"] for one in plain] == [{"Bool": {"aws:SecureTransport": "false"}}]


@pytest.mark.rule("FILE-41")
@pytest.mark.parametrize(
    "statement",
    [
        OPEN,
        {**OPEN, "Principal": {"AWS": "*"}, "Action": ["s3:ListBucket"]},
        {**OPEN, "Principal": {"AWS": ["arn:aws:iam::1:root", "*"]}},
        {"Sid": "Open", "Effect": "Allow", "NotPrincipal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:*"},
    ],
)
def test_a_policy_that_allows_anybody_is_found(statement: dict[str, Any]) -> None:
    assert anonymous_grants({"Statement": [statement]})


@pytest.mark.rule("FILE-41")
def test_a_bucket_that_somebody_opened_is_refused(aws: None, stage: Stage) -> None:
    s3 = boto3.client("s3", region_name=REGION)
    assert deployment.problems_of_bucket(stage, s3, "pathshala-prod-files-1") == []
    s3.create_bucket(Bucket="pathshala-prod-files-1", CreateBucketConfiguration={"LocationConstraint": REGION})
    assert deployment.problems_of_bucket(stage, s3, "pathshala-prod-files-1") == []
    s3.put_bucket_policy(Bucket="pathshala-prod-files-1", Policy=json.dumps({"Statement": [OPEN]}))
    assert deployment.problems_of_bucket(stage, s3, "pathshala-prod-files-1") == [
        "the policy of pathshala-prod-files-1 allows anybody: Open: s3:GetObject"
    ]


def test_a_laptops_stage_is_not_deployed() -> None:
    with pytest.raises(BadStage, match="runs on a laptop"):
        list(deployment.deploy("local"))
