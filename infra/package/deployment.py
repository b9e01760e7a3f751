"""``make deploy STAGE=…``: uploads what ``make package`` built and creates or updates the stage, as whoever calls it.

It refuses, before anything is changed: a stage whose secrets are missing, empty or examples (their values never leave
the check); production that pays at a sandbox, or another stage that pays for real (PAY-114); a bucket policy that
lets anybody in (FILE-41); hosts under ``.example``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from chalicelib.commerce.gateways.phonepe import configuration as phonepe
from chalicelib.commerce.invoices import configuration as invoices
from chalicelib.platform import secrets, settings
from infra.package import layers, names, release
from infra.package.stages import BadStage, Stage, applied
from infra.package.templates import Templates, load_registry
from infra.resources.bucket import anonymous_grants, policy_document

EXAMPLES = ("changeme", "example", "default", "password", "local-")
SEED = "seed"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
WAITING = {"Delay": 15, "MaxAttempts": 480}


def _effective(stage: Stage) -> dict[str, str]:
    defaults = {name: setting.default for name, setting in settings.declared().items()}
    return {**defaults, **stage.environment}


def _hosts(values: dict[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in sorted(values.items()):
        for word in value.split(","):
            host = urlsplit(word.strip()).hostname or word.strip().partition("@")[2]
            if host:
                yield name, host


def problems_of_settings(stage: Stage) -> list[str]:
    """What keeps a stage's settings from being deployed; names keys and hosts, never secrets."""
    with applied(stage):
        found = [*phonepe.deployment_problems(), *invoices.deployment_problems()]
    for name, host in _hosts(_effective(stage)):
        if host in {"localhost", "127.0.0.1"} or host.endswith((".example", ".invalid", ".test")):
            found.append(f"{name} names {host}, which is nobody's host")
    return found


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for member in value.values():
            yield from _leaves(member)
    elif isinstance(value, list):
        for member in value:
            yield from _leaves(member)
    elif isinstance(value, str):
        yield value.strip().lower()


def weak_secret(value: str) -> bool:
    """Whether a secret is empty, short or an example; of a JSON document, whether a member is empty or an example."""
    plain = value.strip().lower()
    if len(plain) < secrets.MINIMUM_LENGTH or plain.startswith(EXAMPLES):
        return True
    try:
        leaves = list(_leaves(json.loads(value)))
    except ValueError:
        return False
    return any(not leaf or leaf.startswith(EXAMPLES) for leaf in leaves)


def problems_of_secrets(stage: Stage, ssm: Any) -> list[str]:
    """Secrets that the functions declare and the stage's parameter store lacks, or that are no secrets."""
    found: list[str] = []
    for name in sorted(secrets.declared()):
        parameter = f"/pathshala/{stage.name}/{name}"
        try:
            answer = ssm.get_parameter(Name=parameter, WithDecryption=True)["Parameter"]
        except ssm.exceptions.ParameterNotFound:
            found.append(f"the parameter {parameter} is missing")
            continue
        if answer["Type"] != "SecureString":
            found.append(f"the parameter {parameter} is no SecureString")
        if weak_secret(answer["Value"]):
            found.append(f"the parameter {parameter} is empty, short or an example")
    return found


def problems_of_bucket(stage: Stage, s3: Any, bucket: str) -> list[str]:
    """What lets anybody into the bucket: by the policy that would be deployed, and by the one that is there."""
    found = [f"the bucket policy allows anybody: {grant}" for grant in anonymous_grants(policy_document(stage))]
    try:
        there = json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"])
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] not in {"NoSuchBucketPolicy", "NoSuchBucket"}:
            raise
        return found
    return found + [f"the policy of {bucket} allows anybody: {grant}" for grant in anonymous_grants(there)]


def _artifacts_bucket(s3: Any, account: str, region: str) -> str:
    name = f"{names.APPLICATION}-artifacts-{account}-{region}"
    try:
        s3.head_bucket(Bucket=name)
    except s3.exceptions.ClientError:
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerEnforced", **place)
        blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
        s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def _upload(s3: Any, bucket: str, built: release.Release, templates: Templates) -> dict[str, str]:
    sha256 = built.application.sha256
    key = f"{names.APPLICATION}/{sha256}/{release.APPLICATION}"
    prefix = f"{names.APPLICATION}/{sha256}/{templates.stage.name}"
    s3.upload_file(str(built.application.path), bucket, key)
    given: dict[str, str] = {}
    for layer, made in built.layers.items():
        # By its own checksum: a layer that did not change is the one that is there.
        given[layers.parameter(layer)] = f"{names.APPLICATION}/layers/{made.sha256}/{made.path.name}"
        s3.upload_file(str(made.path), bucket, given[layers.parameter(layer)])
    for name, body in templates.texts().items():
        s3.put_object(Bucket=bucket, Key=f"{prefix}/{name}", Body=body.encode())
    return {"ArtifactsBucket": bucket, "ApplicationKey": key, "TemplatesPrefix": prefix, **given}


def _apply(cloudformation: Any, stage: Stage, url: str, parameters: dict[str, str]) -> str:
    stack = names.table(stage.name)
    request = {
        "StackName": stack,
        "TemplateURL": url,
        "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        "Capabilities": CAPABILITIES,
    }
    try:
        cloudformation.describe_stacks(StackName=stack)
    except cloudformation.exceptions.ClientError:
        cloudformation.create_stack(**request, EnableTerminationProtection=stage.kept)
        cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig=WAITING)
        return "created"
    try:
        cloudformation.update_stack(**request)
    except cloudformation.exceptions.ClientError as error:
        if "No updates are to be performed" in str(error):
            return "as it was"
        raise
    cloudformation.get_waiter("stack_update_complete").wait(StackName=stack, WaiterConfig=WAITING)
    return "updated"


def _seed(functions: Any, stage: Stage) -> str:
    """Runs after every deployment: it writes only what is missing."""
    answer = functions.invoke(FunctionName=names.lambda_name(stage.name, SEED), Payload=b"{}")
    if answer.get("FunctionError"):
        raise BadStage(f"the stage stands, but its seed failed: {answer['FunctionError']}; see the log of {SEED}")
    return json.dumps(json.loads(answer["Payload"].read()))


def deploy(stage_name: str) -> Iterator[str]:
    """Package, check, upload, create or update, seed; yields a line per step. Raises ``BadStage`` before any change."""
    import boto3

    if stage_name in names.LOCAL_STAGES:
        raise BadStage(f"{stage_name} runs on a laptop: make run")
    functions = load_registry()
    built = release.make()
    templates = built.templates.get(stage_name)
    if templates is None:
        raise BadStage(f"{stage_name} is no stage; there are {', '.join(built.templates)}")
    stage, session = templates.stage, boto3.session.Session()
    account = session.client("sts").get_caller_identity()["Account"]
    s3 = session.client("s3")
    problems = [
        *problems_of_settings(stage),
        *problems_of_secrets(stage, session.client("ssm")),
        *problems_of_bucket(stage, s3, f"{names.table(stage_name)}-files-{account}"),
    ]
    if problems:
        raise BadStage("\n".join([f"{stage_name} is not deployed:", *problems]))
    bucket = _artifacts_bucket(s3, account, session.region_name)
    yield f"{len(functions)} functions to {account} in {session.region_name}"
    parameters = _upload(s3, bucket, built, templates)
    url = f"https://{bucket}.s3.{session.region_name}.amazonaws.com/{parameters['TemplatesPrefix']}/root.json"
    yield f"stack {names.table(stage_name)}: {_apply(session.client('cloudformation'), stage, url, parameters)}"
    if SEED in functions:
        yield f"seed: {_seed(session.client('lambda'), stage)}"
