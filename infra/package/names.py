"""Physical names and addresses: every one follows from the stage, so that no stack needs to tell another.

They are what the platform builds too (``Queue.physical``, ``Workflow.physical``, ``secrets.parameter_name``).
"""

from __future__ import annotations

import re
from typing import Any

from chalicelib.platform import settings
from chalicelib.platform.function import Function

APPLICATION = "pathshala"
ALIAS = "live"
LOCAL_STAGES = settings.LOCAL_STAGES
GRADUAL_STAGES = frozenset({"prod"})
"""Stages that roll out by a CodeDeploy canary on a Lambda alias (DEP-06)."""


def camel(words: str) -> str:
    """``payment-events`` → ``PaymentEvents``, ``invoices.fifo`` → ``InvoicesFifo``: part of a logical id."""
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[-_.]", words))


def prefixed(stage: str, name: str) -> str:
    """``pathshala-dev-payment-events``."""
    return f"{APPLICATION}-{stage}-{name}"


def table(stage: str) -> str:
    """The one table."""
    return f"{APPLICATION}-{stage}"


def bucket(stage: str) -> Any:
    """The one bucket; deployed names carry the account, since bucket names are the whole world's."""
    if stage in LOCAL_STAGES:
        return f"{APPLICATION}-{stage}-files"
    return {"Fn::Sub": f"{APPLICATION}-{stage}-files-${{AWS::AccountId}}"}


def bucket_arn(stage: str) -> str:
    """For ``Fn::Sub``."""
    account = "" if stage in LOCAL_STAGES else "-${AWS::AccountId}"
    return f"arn:${{AWS::Partition}}:s3:::{APPLICATION}-{stage}-files{account}"


def arn(service: str, resource: str) -> str:
    """An ARN of this account and region, for ``Fn::Sub``."""
    return f"arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{resource}"


def lambda_name(stage: str, function: str) -> str:
    """The Lambda of a declared function."""
    return prefixed(stage, function.replace("_", "-"))


def lambda_arn(stage: str, function: str) -> str:
    """What invokes a function: the Lambda, or its alias in stages that roll out gradually."""
    alias = f":{ALIAS}" if stage in GRADUAL_STAGES else ""
    return arn("lambda", f"function:{lambda_name(stage, function)}{alias}")


def logical(function: Function, kind: str) -> str:
    """Logical id of something that belongs to a function: ``CheckoutRole``."""
    return camel(function.name) + kind


def settings_of(stage: str) -> dict[str, Any]:
    """Environment variables that say where the stage's resources are; a function gets those that it reads."""
    return {
        "TABLE_NAME": table(stage),
        "BUCKET_NAME": bucket(stage),
        "QUEUE_URL_BASE": {"Fn::Sub": "https://sqs.${AWS::Region}.${AWS::URLSuffix}/${AWS::AccountId}"},
        "WORKFLOW_ARN_BASE": {"Fn::Sub": arn("states", "stateMachine")},
    }
