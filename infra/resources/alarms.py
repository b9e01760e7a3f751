"""Alarms, all to one topic: what failed for good, errors, and a stream that falls behind."""

from __future__ import annotations

from typing import Any

from infra.package import names
from infra.package.stages import Stage
from infra.resources.queues import dead_letter_names

ERRORS_ALARM = "errors"
ITERATOR_AGE_MS = 60_000


def topic(stage: Stage) -> dict[str, Any]:
    """The topic that people subscribe to."""
    # Not encrypted with the AWS-managed key: CloudWatch could not publish to it. Alarms carry no data of anybody.
    return {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": names.prefixed(stage.name, "alarms")}}


def alarm(stage: Stage, name: str, metric: dict[str, Any], threshold: float, description: str) -> dict[str, Any]:
    """An alarm that rings when a minute's figure is over the threshold; no data is no alarm."""
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": names.prefixed(stage.name, name),
            "AlarmDescription": description,
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": threshold,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "Alarms"}],
            **metric,
        },
    }


def _depth(stage: Stage, queue: str) -> dict[str, Any]:
    return {
        "Namespace": "AWS/SQS",
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Statistic": "Maximum",
        "Dimensions": [{"Name": "QueueName", "Value": names.prefixed(stage.name, queue)}],
    }


def alarms(stage: Stage, stream_readers: list[str]) -> dict[str, Any]:
    """The topic and its alarms as resources; ``stream_readers`` are names of functions."""
    found: dict[str, Any] = {"Alarms": topic(stage)}
    for logical, queue in dead_letter_names().items():
        text = f"Something in {queue} failed for good; docs/operations.md says how to replay it"
        found[f"{logical}Alarm"] = alarm(stage, queue, _depth(stage, queue), 0, text)
    errors = {
        "Namespace": "AWS/ApiGateway",
        "MetricName": "5XXError",
        "Statistic": "Sum",
        "Dimensions": [{"Name": "ApiName", "Value": names.table(stage.name)}],
    }
    found["ErrorsAlarm"] = alarm(stage, ERRORS_ALARM, errors, 5, "More than 5 answers over 499 within a minute")
    for reader in stream_readers:
        age = {
            "Namespace": "AWS/Lambda",
            "MetricName": "IteratorAge",
            "Statistic": "Maximum",
            "Dimensions": [{"Name": "FunctionName", "Value": names.lambda_name(stage.name, reader)}],
        }
        text = "Domain events are told more than a minute late"
        found[f"{names.camel(reader)}AgeAlarm"] = alarm(
            stage, f"{reader.replace('_', '-')}-age", age, ITERATOR_AGE_MS, text
        )
    return found
