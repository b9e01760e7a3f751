"""Roles: what a function may do in AWS, from the grants that it names and the files of those names in ``policies/iam``.

The files are IAM policies; ``${…}`` in their resources stands for a place in the stage:

    ${Table} ${Files}                    ARNs of table and bucket
    ${Queue}payment-events               a queue;  ${ConsumerQueues}: the list of all consumers' queues
    ${Workflow}finalize-payment          a state machine
    ${Parameter}JWT_KEYS                 a secret
    ${Logs} ${Own}                       the function's log group, and the queue it works through
    ${MailDomain} ${MailAddress}         the sender's identities at SES;  ${MailConfiguration}: its configuration set

Every role also has ``every-function.json``, which denies what no function may ever do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from email.utils import parseaddr
from functools import cache
from typing import Any

from chalicelib.platform import registry
from chalicelib.platform.function import Function
from chalicelib.platform.grants import Grant
from chalicelib.platform.work import Consumer, Job, Stream, Worker
from infra.package import names
from infra.package.stages import ROOT, Stage
from infra.resources.queues import FAILED_CHANGES, FAILED_JOBS
from infra.resources.workflows import role

FOLDER = ROOT / "policies" / "iam"
EVERY_FUNCTION = "every-function"
_PLACE = re.compile(r"\$\{(\w+)\}")
INLINE_LIMIT = 10_240
"""Characters of all inline policies of one role, white space not counted (IAM's quota)."""


class BadGrant(Exception):
    """A grant without its file, or a file that names a place that there is not."""


@cache
def text(name: str) -> str:
    """The file of that name, as it stands there. Raises ``BadGrant`` when there is none."""
    path = FOLDER / f"{name}.json"
    if not path.is_file():
        raise BadGrant(f"the grant {name} has no file policies/iam/{name}.json")
    return path.read_text(encoding="utf-8")


def statements_of(name: str) -> list[dict[str, Any]]:
    """The statements of one file, their places not yet filled in."""
    statements: list[dict[str, Any]] = json.loads(text(name))["Statement"]
    return statements


def trigger_policies(function: Function) -> tuple[str, ...]:
    """What invokes a function may need rights of its role: polling a queue, writing down what failed."""
    if isinstance(function, (Consumer, Worker)):
        return ("trigger-queue",)
    if isinstance(function, Stream):
        return ("trigger-stream",)
    if isinstance(function, Job):
        return ("trigger-schedule",)
    return ()


def places(stage: Stage, function: Function) -> dict[str, str]:
    """Placeholder → the start of an ARN, for ``Fn::Sub``."""
    own = getattr(getattr(function, "queue", None), "name", "")
    return {
        "Table": names.arn("dynamodb", f"table/{names.table(stage.name)}"),
        "Files": names.bucket_arn(stage.name),
        "Queue": names.arn("sqs", names.prefixed(stage.name, "")),
        "Workflow": names.arn("states", f"stateMachine:{names.prefixed(stage.name, '')}"),
        "Parameter": names.arn("ssm", f"parameter/pathshala/{stage.name}/"),
        "Logs": names.arn("logs", f"log-group:/aws/lambda/{names.lambda_name(stage.name, function.name)}"),
        "Own": names.arn("sqs", names.prefixed(stage.name, own)),
        "FailedJobs": names.arn("sqs", names.prefixed(stage.name, FAILED_JOBS)),
        **_mail_places(stage),
        "FailedChanges": names.arn("sqs", names.prefixed(stage.name, FAILED_CHANGES)),
    }


def _mail_places(stage: Stage) -> dict[str, str]:
    sender = parseaddr(stage.environment.get("MAIL_FROM", ""))[1]
    configuration = stage.environment.get("MAIL_CONFIGURATION_SET") or "none"
    return {
        "MailDomain": names.arn("ses", f"identity/{sender.rpartition('@')[2]}"),
        "MailAddress": names.arn("ses", f"identity/{sender}"),
        "MailConfiguration": names.arn("ses", f"configuration-set/{configuration}"),
    }


def _resources(resource: Any, given: dict[str, str]) -> list[str]:
    found: list[str] = []
    for named in resource if isinstance(resource, list) else [resource]:
        if named == "${ConsumerQueues}":
            found += sorted({given["Queue"] + consumer.queue.name for consumer in registry.of(Consumer)})
        else:
            found.append(_PLACE.sub(lambda match: given.get(match[1], match[0]), named))
    return found


def _filled(name: str, stage: Stage, function: Function) -> list[dict[str, Any]]:
    given = places(stage, function)
    found: list[dict[str, Any]] = []
    for statement in statements_of(name):
        resources = _resources(statement["Resource"], given)
        if resources:
            found.append({**statement, "Sid": names.camel(name) + statement["Sid"], "Resource": resources})
    return found


def grants_of(function: Function) -> tuple[str, ...]:
    """The files that make a function's role."""
    return (EVERY_FUNCTION, *trigger_policies(function), *(grant.value for grant in function.grants))


def policy(stage: Stage, function: Function, *, files: Sequence[str] | None = None) -> dict[str, Any]:
    """A function's policy; places are texts for ``Fn::Sub``. ``files`` limits it to some of its files."""
    chosen = grants_of(function) if files is None else tuple(files)
    statements = [statement for name in chosen for statement in _filled(name, stage, function)]
    return {"Version": "2012-10-17", "Statement": statements}


def _substituted(statement: dict[str, Any]) -> dict[str, Any]:
    resources = [{"Fn::Sub": text} if "${" in text else text for text in statement["Resource"]]
    return {**statement, "Resource": resources[0] if len(resources) == 1 else resources}


def function_role(stage: Stage, function: Function) -> dict[str, Any]:
    """The role of one function as a resource."""
    statements = [_substituted(statement) for statement in policy(stage, function)["Statement"]]
    made = role("lambda.amazonaws.com", statements)
    # Lambda does not say for which account it takes a role on.
    del made["Properties"]["AssumeRolePolicyDocument"]["Statement"][0]["Condition"]
    return made


def check_files() -> None:
    """Every grant has a file, and every file belongs to a grant or a trigger. Raises ``BadGrant``."""
    wanted = {grant.value for grant in Grant} | {EVERY_FUNCTION, "trigger-queue", "trigger-stream", "trigger-schedule"}
    there = {path.stem for path in FOLDER.glob("*.json")}
    if wanted != there:
        raise BadGrant(f"without file: {sorted(wanted - there)}; without grant: {sorted(there - wanted)}")
