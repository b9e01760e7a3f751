"""Creates the stage in the emulated AWS from the templates that production deploys (LOC-02).

SAM is expanded by ``aws-sam-translator``, each stack is created by CloudFormation, in the order of the root stack. What
the functions need and the templates lack stops the start, by name.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.aws import clients
from chalicelib.platform.function import Function, Layer
from chalicelib.platform.work import Consumer, Job, Stream, Worker
from infra.local import external
from infra.local.left_out import complete
from infra.local.pumps import EventSource
from infra.package import layers, names
from infra.package.expand import expand
from infra.package.templates import Template, Templates, build

API = "api"
ARTIFACTS = "pathshala-artifacts"
APPLICATION = "application.zip"
_PSEUDO = "AWS::"
_WAIT = {"Delay": 1, "MaxAttempts": 300}
BUILT = Path(__file__).resolve().parents[2] / "build"
_MACHINE = re.compile(r":stateMachine:([a-z0-9-]+)")


class StackFailed(Exception):
    """The stage cannot be created; one line that names the resource."""


@dataclass(frozen=True)
class Schedule:
    """A schedule of the stage: its expression, the zone it goes by, and the Lambda it invokes."""

    name: str
    expression: str
    timezone: str
    function: str


@dataclass
class Stage:
    """What was created, as the templates have it."""

    environment: dict[str, str] = field(default_factory=dict)
    sources: list[EventSource] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    definitions: dict[str, Any] = field(default_factory=dict)
    definition: Template = field(default_factory=dict)


def check(name: str, template: Template) -> None:
    """Raise ``StackFailed`` for a reference to something that the template lacks."""
    known = {*template["Resources"], *template.get("Parameters", {})}
    for place, needed in _references(template["Resources"], ""):
        if needed not in known:
            raise StackFailed(f"the template {name} lacks {needed}, which {place} needs")
    for place, needed in _references(template.get("Outputs", {}), "Outputs."):
        if needed not in known:
            raise StackFailed(f"the template {name} lacks {needed}, which {place} needs")


def _references(parts: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for logical, part in parts.items():
        for needed in _needed(part):
            yield prefix + logical, needed


def _needed(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        reference = value.get("Ref")
        if isinstance(reference, str) and not reference.startswith(_PSEUDO):
            yield reference
        attribute = value.get("Fn::GetAtt")
        if isinstance(attribute, list):
            yield str(attribute[0])
        depends = value.get("DependsOn")
        if depends is not None and "Type" in value:
            yield from [depends] if isinstance(depends, str) else depends
        for one in value.values():
            yield from _needed(one)
    elif isinstance(value, list):
        for one in value:
            yield from _needed(one)


def create(stage: str, functions: Mapping[str, Function], templates: Templates | None = None) -> Stage:
    """Create the stage. Raises ``StackFailed``."""
    for chatty in ("moto", "samtranslator"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
    built = templates or build(stage)
    _artifacts()
    given = {"ArtifactsBucket": ARTIFACTS, "ApplicationKey": APPLICATION}
    given.update({layers.parameter(layer): layers.archive(layer) for layer in Layer})
    sources: list[EventSource] = []
    for name, template in built.stacks.items():
        expanded = expand(template)
        check(name, expanded)
        sources.extend(_sources(expanded))
        if name == API:
            # The port of this machine is the gateway; it takes its paths from this template.
            continue
        wanted = {key: given[key] for key in template.get("Parameters", {}) if key in given}
        given.update(_create_stack(f"pathshala-{stage}-{name}", expanded, wanted))
        complete(expanded)
    created = _read()
    created.sources = sources
    created.definition = built.stacks[API]["Resources"]["Api"]["Properties"]["DefinitionBody"]
    granted = json.dumps([template for name, template in built.stacks.items() if name.startswith("functions-")])
    _verify(stage, functions, created, granted)
    return created


def _create_stack(stack: str, template: Template, given: Mapping[str, str]) -> dict[str, str]:
    """Create one stack; answers its outputs."""
    cloudformation = clients._client("cloudformation", read_timeout=120)
    try:
        with warnings.catch_warnings():
            # moto warns of what it does not emulate: alarms and the bucket's policy.
            warnings.simplefilter("ignore")
            cloudformation.create_stack(
                StackName=stack,
                TemplateBody=json.dumps(template),
                Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
                Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            )
            cloudformation.get_waiter("stack_create_complete").wait(StackName=stack, WaiterConfig=_WAIT)
    except cloudformation.exceptions.AlreadyExistsException:
        # Another start made it, at an endpoint that outlives ours.
        logging.getLogger(__name__).info("the stack %s is there already", stack)
    except (BotoCoreError, ClientError, KeyError, ValueError) as error:
        raise StackFailed(f"the stack {stack} could not be created: {error}") from error
    described = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
    if described["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise StackFailed(f"the stack {stack} could not be created: {described.get('StackStatusReason', '')}")
    return {one["OutputKey"]: one["OutputValue"] for one in described.get("Outputs", [])}


def _sources(template: Template) -> Iterator[EventSource]:
    """The event source mappings of a template."""
    for one in template["Resources"].values():
        if one["Type"] != "AWS::Lambda::EventSourceMapping":
            continue
        given = one["Properties"]
        function = template["Resources"][given["FunctionName"]["Ref"]]["Properties"]["FunctionName"]
        failed = given.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        yield EventSource(
            function,
            _last_part(given["EventSourceArn"]),
            int(given["BatchSize"]),
            given.get("MaximumRetryAttempts"),
            _last_part(failed) if failed else None,
        )


def _last_part(arn: Any) -> str:
    """The name at the end of an ARN in ``Fn::Sub``; nothing for a reference (the table's stream)."""
    text = arn.get("Fn::Sub", "") if isinstance(arn, dict) else arn
    return str(text).rsplit(":", 1)[-1]


def _artifacts() -> None:
    """The bucket that a deployment uploads to, with the application in it.

    In the emulated AWS its code is this process; another endpoint gets what ``make package`` built.
    """
    s3 = clients.s3()
    with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
        s3.create_bucket(Bucket=ARTIFACTS, CreateBucketConfiguration={"LocationConstraint": clients.region()})
    for name in (APPLICATION, *(layers.archive(layer) for layer in Layer)):
        s3.put_object(Bucket=ARTIFACTS, Key=name, Body=_archive(name))


def _archive(name: str) -> bytes:
    if external.chosen():
        if not (BUILT / name).is_file():
            raise StackFailed("another endpoint runs the built application: make package comes first")
        return (BUILT / name).read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", "# runs in the local cloud's own process\n")
    return packed.getvalue()


def _read() -> Stage:
    """What there is now, asked of the emulated AWS."""
    created = Stage()
    awslambda, states = clients._client("lambda"), clients.stepfunctions()
    for page in awslambda.get_paginator("list_functions").paginate():
        for one in page["Functions"]:
            created.environment.update(one.get("Environment", {}).get("Variables", {}))
    scheduler = clients._client("scheduler")
    for one in scheduler.list_schedules()["Schedules"]:
        full = scheduler.get_schedule(Name=one["Name"], GroupName=one.get("GroupName", "default"))
        target = full["Target"]["Arn"].rsplit(":", 1)[-1]
        zone = full.get("ScheduleExpressionTimezone") or "UTC"
        created.schedules.append(Schedule(one["Name"], full["ScheduleExpression"], zone, target))
    for one in states.list_state_machines()["stateMachines"]:
        described = states.describe_state_machine(stateMachineArn=one["stateMachineArn"])
        created.definitions[one["name"]] = json.loads(described["definition"])
    return created


def _verify(stage: str, functions: Mapping[str, Function], created: Stage, granted: str) -> None:
    """Everything that the declarations and their roles name is there."""
    urls = clients.sqs().list_queues().get("QueueUrls", [])
    queues = {url.rsplit("/", 1)[-1] for url in urls}
    for what, name, there in expected(stage, functions, created, granted, queues):
        if not there:
            raise StackFailed(f"the templates lack {what} {name}")


def expected(
    stage: str, functions: Mapping[str, Function], created: Stage, granted: str, queues: Set[str]
) -> Iterator[tuple[str, str, bool]]:
    """What the declarations need, by kind and name, and whether it is there; ``granted``: what roles name, as text."""
    from chalicelib.platform.events.queues import all_queues

    tables = clients.dynamodb().list_tables()["TableNames"]
    yield "the table", names.table(stage), names.table(stage) in tables
    buckets = [one["Name"] for one in clients.s3().list_buckets()["Buckets"]]
    yield "the bucket", str(names.bucket(stage)), names.bucket(stage) in buckets
    for queue in [*all_queues(), *(one.queue for one in functions.values() if isinstance(one, Consumer))]:
        yield "the queue", queue.physical, queue.physical in queues
        dead = names.prefixed(stage, queue.dead)
        yield "the queue", dead, dead in queues
    for machine in sorted(set(_MACHINE.findall(granted))):
        yield "the state machine", machine, machine in created.definitions
    lambdas = {one.function for one in created.sources}
    scheduled = {one.function for one in created.schedules}
    for function in functions.values():
        physical = names.lambda_name(stage, function.name)
        if isinstance(function, (Consumer, Worker, Stream)):
            yield "the event source of", physical, physical in lambdas
        if isinstance(function, Job) and function.every is not None:
            yield "the schedule of", physical, physical in scheduled
