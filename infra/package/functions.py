"""One Lambda per declared function, with its role, its log group, and what invokes it."""

from __future__ import annotations

from typing import Any

from chalicelib.platform.function import Function
from chalicelib.platform.work import Consumer, Cron, Job, Stream, Worker
from infra.package import layers, names
from infra.package.environment import environment
from infra.package.roles import function_role
from infra.package.stages import Stage
from infra.resources.alarms import ERRORS_ALARM
from infra.resources.queues import FAILED_CHANGES, FAILED_JOBS
from infra.resources.workflows import role

RUNTIME = "python3.13"
ARCHITECTURE = "x86_64"
ENVIRONMENT_LIMIT = 4_096
SCRATCH = 512
"""MiB of scratch space that every Lambda has."""
STREAM_RETRIES = 20
SCHEDULER_ROLE = "SchedulerRole"

Resources = dict[str, Any]


def _queue_arn(stage: Stage, queue: str) -> dict[str, str]:
    return {"Fn::Sub": names.arn("sqs", names.prefixed(stage.name, queue))}


def _queue_event(stage: Stage, function: Consumer | Worker) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Queue": _queue_arn(stage, function.queue.name),
        "BatchSize": function.batch,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    if isinstance(function, Worker) and function.at_once is not None:
        properties["ScalingConfig"] = {"MaximumConcurrency": function.at_once}
    return {"Type": "SQS", "Properties": properties}


def _stream_event(stage: Stage, function: Stream) -> dict[str, Any]:
    return {
        "Type": "DynamoDB",
        "Properties": {
            "Stream": {"Ref": "TableStreamArn"},
            "StartingPosition": "TRIM_HORIZON",
            "BatchSize": function.batch,
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": STREAM_RETRIES,
            "DestinationConfig": {"OnFailure": {"Type": "SQS", "Destination": _queue_arn(stage, FAILED_CHANGES)}},
        },
    }


def _schedule_event(stage: Stage, job: Job) -> dict[str, Any]:
    assert job.every is not None
    properties: dict[str, Any] = {
        "Name": names.prefixed(stage.name, job.job),
        "ScheduleExpression": job.every.expression,
        "RoleArn": {"Fn::GetAtt": [SCHEDULER_ROLE, "Arn"]},
        "RetryPolicy": {"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 300},
    }
    if isinstance(job.every, Cron):
        properties["ScheduleExpressionTimezone"] = stage.timezone
    return {"Type": "ScheduleV2", "Properties": properties}


def _events(stage: Stage, function: Function) -> dict[str, Any]:
    if isinstance(function, (Consumer, Worker)):
        return {"Messages": _queue_event(stage, function)}
    if isinstance(function, Stream):
        return {"Changes": _stream_event(stage, function)}
    if isinstance(function, Job) and function.every is not None:
        return {"Schedule": _schedule_event(stage, function)}
    return {}


def _gradually(stage: Stage, code_sha: str) -> dict[str, Any]:
    return {
        "AutoPublishAlias": names.ALIAS,
        # The version follows the code and its configuration, not the place that the code was uploaded to.
        "AutoPublishCodeSha256": code_sha,
        "AutoPublishAliasAllProperties": True,
        "DeploymentPreference": {
            "Type": "Canary10Percent5Minutes",
            "Alarms": [names.prefixed(stage.name, ERRORS_ALARM)],
        },
    }


def _lambda(stage: Stage, function: Function, code_sha: str) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "FunctionName": names.lambda_name(stage.name, function.name),
        "Description": function.summary[:256],
        "Runtime": RUNTIME,
        "Architectures": [ARCHITECTURE],
        "Handler": function.handler,
        "CodeUri": {"Bucket": {"Ref": "ArtifactsBucket"}, "Key": {"Ref": "ApplicationKey"}},
        "MemorySize": function.memory,
        "Timeout": function.timeout,
        "Tracing": "Active",
        "Role": {"Fn::GetAtt": [names.logical(function, "Role"), "Arn"]},
        "Environment": {"Variables": environment(function, stage)},
    }
    if function.layers:
        properties["Layers"] = [{"Ref": layers.logical(layer)} for layer in function.layers]
    if function.storage > SCRATCH:
        properties["EphemeralStorage"] = {"Size": function.storage}
    if function.concurrency is not None:
        properties["ReservedConcurrentExecutions"] = function.concurrency
    events = _events(stage, function)
    if events:
        properties["Events"] = events
    if isinstance(function, Job):
        failed = {"Type": "SQS", "Destination": _queue_arn(stage, FAILED_JOBS)}
        properties["EventInvokeConfig"] = {"MaximumRetryAttempts": 1, "DestinationConfig": {"OnFailure": failed}}
    if stage.name in names.GRADUAL_STAGES:
        properties.update(_gradually(stage, code_sha))
    return {
        "Type": "AWS::Serverless::Function",
        "DependsOn": [names.logical(function, "Logs")],
        "Properties": properties,
    }


def _log_group(stage: Stage, function: Function) -> dict[str, Any]:
    policy = "Retain" if stage.kept else "Delete"
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": policy,
        "UpdateReplacePolicy": policy,
        "Properties": {
            "LogGroupName": f"/aws/lambda/{names.lambda_name(stage.name, function.name)}",
            "RetentionInDays": stage.log_days,
        },
    }


def function_resources(stage: Stage, function: Function, code_sha: str) -> Resources:
    """What one function is made of."""
    return {
        names.logical(function, "Function"): _lambda(stage, function, code_sha),
        names.logical(function, "Role"): function_role(stage, function),
        names.logical(function, "Logs"): _log_group(stage, function),
    }


def scheduler_role(stage: Stage, jobs: list[Job]) -> Resources:
    """The role by which EventBridge Scheduler invokes these jobs, if there are any."""
    if not jobs:
        return {}
    statement = {
        "Sid": "Jobs",
        "Effect": "Allow",
        "Action": "lambda:InvokeFunction",
        "Resource": [{"Fn::Sub": names.lambda_arn(stage.name, job.name)} for job in jobs],
    }
    return {SCHEDULER_ROLE: role("scheduler.amazonaws.com", [statement])}
