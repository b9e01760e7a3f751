"""State machines, from ``infra/workflows/<name>.asl.json``; ``${function_name}`` there is that function's Lambda."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from chalicelib.platform import registry
from chalicelib.platform.work import Task
from infra.package import names
from infra.package.stages import Stage

FOLDER = Path(__file__).resolve().parents[1] / "workflows"
_FUNCTION = re.compile(r"\$\{([a-z][a-z0-9_]*)\}")


def definitions() -> dict[str, str]:
    """Name → definition, as it stands in its file."""
    return {
        path.name.removesuffix(".asl.json"): path.read_text(encoding="utf-8")
        for path in sorted(FOLDER.glob("*.asl.json"))
    }


def tasks_of(name: str, definition: str) -> list[str]:
    """The functions that a definition names. Raises ``BadDeclaration`` for one that is no declared task."""
    declared = {task.name for task in registry.of(Task)}
    found = sorted(set(_FUNCTION.findall(definition)))
    for function in found:
        if function not in declared:
            raise registry.BadDeclaration(f"the workflow {name} names {function}, which is no declared task")
    return found


def _definition(stage: Stage, definition: str) -> dict[str, Any]:
    # Fn::Sub and not DefinitionSubstitutions: both CloudFormation and the emulator resolve it.
    compact = json.dumps(json.loads(definition), separators=(",", ":"))
    return {"Fn::Sub": _FUNCTION.sub(lambda match: names.lambda_arn(stage.name, match[1]), compact)}


def _role(stage: Stage, tasks: list[str]) -> dict[str, Any]:
    statements: list[dict[str, Any]] = [
        {
            "Sid": "Tasks",
            "Effect": "Allow",
            "Action": "lambda:InvokeFunction",
            "Resource": [{"Fn::Sub": names.lambda_arn(stage.name, task)} for task in tasks],
        },
        {
            # Log delivery and tracing know no resources; this is the list that Step Functions asks for.
            "Sid": "LogsAndTraces",
            "Effect": "Allow",
            "Action": [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeLogGroups",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
                "xray:GetSamplingRules",
                "xray:GetSamplingTargets",
                "xray:PutTelemetryRecords",
                "xray:PutTraceSegments",
            ],
            "Resource": "*",
        },
    ]
    return role("states.amazonaws.com", statements)


def role(service: str, statements: list[dict[str, Any]]) -> dict[str, Any]:
    """A role that one AWS service of this account takes on."""
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": service},
                        "Action": "sts:AssumeRole",
                        "Condition": {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}},
                    }
                ],
            },
            "Policies": [{"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": statements}}],
        },
    }


def _machine(stage: Stage, name: str, definition: str) -> dict[str, Any]:
    logs = {"CloudWatchLogsLogGroup": {"LogGroupArn": {"Fn::GetAtt": [f"{names.camel(name)}Logs", "Arn"]}}}
    return {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {
            "StateMachineName": names.prefixed(stage.name, name),
            "StateMachineType": "STANDARD",
            "DefinitionString": _definition(stage, definition),
            "RoleArn": {"Fn::GetAtt": [f"{names.camel(name)}Role", "Arn"]},
            # Without the data of executions: inputs and outputs name people's orders (PAY-112).
            "LoggingConfiguration": {"Level": "ERROR", "IncludeExecutionData": False, "Destinations": [logs]},
            "TracingConfiguration": {"Enabled": True},
        },
    }


def workflows(stage: Stage) -> dict[str, Any]:
    """All state machines with their roles and log groups as resources."""
    found: dict[str, Any] = {}
    for name, definition in definitions().items():
        logical = names.camel(name)
        found[f"{logical}Role"] = _role(stage, tasks_of(name, definition))
        found[f"{logical}Logs"] = {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "LogGroupName": f"/aws/vendedlogs/states/{names.prefixed(stage.name, name)}",
                "RetentionInDays": stage.log_days,
            },
        }
        found[f"{logical}Machine"] = _machine(stage, name, definition)
    return found
