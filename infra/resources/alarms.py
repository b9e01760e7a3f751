"""Alarms, all to one topic: what failed for good, errors, and a stream that falls behind."""

from __future__ import annotations

from typing import Any

from chalicelib.platform.events.queues import Queues
from chalicelib.platform.logs import NAMESPACE
from infra.package import names
from infra.package.stages import Stage
from infra.resources.queues import dead_letter_names

ERRORS_ALARM = "errors"
ITERATOR_AGE_MS = 60_000
URGENT_AGE, BULK_AGE = 300, 3_600
FAILED_PERCENT = 10
FAILED_PAYMENTS_PERCENT, ENOUGH_PAYMENTS = 70, 20
"""Many checkouts come to nothing because their payer walks away; above this share it is not them."""
BAD_SIGNATURES = 20


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


def _message_alarms(stage: Stage) -> dict[str, Any]:
    """Messages that wait too long, and a provider that refuses too many of them (NTF-82)."""
    found: dict[str, Any] = {}
    for queue, seconds in ((Queues.MESSAGES_URGENT, URGENT_AGE), (Queues.MESSAGES_BULK, BULK_AGE)):
        age = {**_depth(stage, queue.name), "MetricName": "ApproximateAgeOfOldestMessage"}
        text = f"Messages wait for more than {seconds // 60} minutes, or are tried again and again"
        found[f"{names.camel(queue.name)}AgeAlarm"] = alarm(stage, f"{queue.name}-age", age, seconds, text)
    for sender in ("send_urgent_message", "send_bulk_message"):
        named = names.camel(sender)
        text = f"More than {FAILED_PERCENT} % of the messages of the last 5 minutes failed for good"
        made = alarm(stage, f"{sender.replace('_', '-')}-failures", _failures(sender), FAILED_PERCENT, text)
        # The period belongs to each metric of an expression.
        del made["Properties"]["Period"]
        found[f"{named}FailuresAlarm"] = made
    return found


def _failures(sender: str) -> dict[str, Any]:
    """The share of a sender's messages that failed, in per cent."""

    def counted(own_id: str, metric: str) -> dict[str, Any]:
        place = {
            "Namespace": NAMESPACE,
            "MetricName": metric,
            "Dimensions": [{"Name": "function", "Value": sender}],
        }
        return {"Id": own_id, "MetricStat": {"Metric": place, "Period": 300, "Stat": "Sum"}, "ReturnData": False}

    share = "100 * FILL(failed, 0) / (FILL(failed, 0) + FILL(sent, 0))"
    return {
        "Metrics": [
            counted("failed", "MessagesFailed"),
            counted("sent", "MessagesSent"),
            {"Id": "share", "Expression": share, "Label": "failed for good, %", "ReturnData": True},
        ]
    }


def _custom(metric: str, statistic: str, seconds: int, **dimensions: str) -> dict[str, Any]:
    """A figure of our own over so many seconds."""
    places = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {
        "Namespace": NAMESPACE,
        "MetricName": metric,
        "Statistic": statistic,
        "Period": seconds,
        "Dimensions": places,
    }


def _payment_alarms(stage: Stage) -> dict[str, Any]:
    """Money that waits for somebody, gateways that take none, books that do not fit (PAY-123, PAY-36)."""
    watched = {
        "OrdersInReview": (_custom("OrdersWaiting", "Maximum", 900, status="REVIEW"), 0, "Money waits for a decision"),
        "OrdersHanging": (
            _custom("OrdersWaiting", "Maximum", 900, status="PENDING"),
            0,
            "An order has been open for over an hour",
        ),
        "WebhookForgery": (
            _custom("WebhookBadSignature", "Sum", 300, function="phonepe_webhook"),
            BAD_SIGNATURES,
            "Many messages in a gateway's name that are not the gateway's",
        ),
        "BooksDiffer": (
            _custom("ReconciliationDifferences", "Sum", 300, function="reconcile_books"),
            0,
            "Orders, ledger and statements of a day do not fit; docs/operations.md says where to look",
        ),
    }
    found = {
        f"{name}Alarm": alarm(stage, _dashed(name), metric, threshold, text)
        for name, (metric, threshold, text) in watched.items()
    }
    failing = alarm(
        stage, "payments-failing", _failing("PHONEPE"), FAILED_PAYMENTS_PERCENT, "Most payments at a gateway fail"
    )
    # The period belongs to each metric of an expression.
    del failing["Properties"]["Period"]
    return {**found, "PaymentsFailingAlarm": failing}


def _dashed(name: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in name).strip("-")


def _failing(gateway: str) -> dict[str, Any]:
    """The share of a gateway's orders that came to nothing in an hour, in per cent, once there were enough of them."""

    def counted(own_id: str, metric: str) -> dict[str, Any]:
        place = _custom(metric, "Sum", 3_600, gateway=gateway)
        stat = {name: place[name] for name in ("Namespace", "MetricName", "Dimensions")}
        return {"Id": own_id, "MetricStat": {"Metric": stat, "Period": 3_600, "Stat": "Sum"}, "ReturnData": False}

    total = "(FILL(failed, 0) + FILL(paid, 0))"
    share = f"IF({total} >= {ENOUGH_PAYMENTS}, 100 * FILL(failed, 0) / {total}, 0)"
    return {
        "Metrics": [
            counted("failed", "PaymentsFailed"),
            counted("paid", "PaymentsSucceeded"),
            {"Id": "share", "Expression": share, "Label": "came to nothing, %", "ReturnData": True},
        ]
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
    return {**found, **_message_alarms(stage), **_payment_alarms(stage)}
