"""Registry → CloudFormation templates (SAM): a root, and nested stacks for state, functions by area, workflows and API.

    templates = build("dev")
    templates.stacks["state"]          # a template
    templates.root                     # names the others by their uploaded place

There is no other definition of any resource: the local cloud creates its own from the same templates (LOC-02).
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass, field
from typing import Any

from chalicelib.platform import registry
from chalicelib.platform.function import Function, Layer
from chalicelib.platform.work import Job, Stream
from infra.package import layers, names, stages
from infra.package.closure import closure
from infra.package.expand import expand
from infra.package.functions import function_resources, scheduler_role
from infra.package.gateway import api_resources
from infra.package.stages import Stage
from infra.resources.alarms import alarms
from infra.resources.bucket import bucket, bucket_policy
from infra.resources.queues import queues
from infra.resources.table import table
from infra.resources.workflows import workflows

Template = dict[str, Any]

TRANSFORM = "AWS::Serverless-2016-10-31"
RESOURCE_LIMIT = 400
BODY_LIMIT = 1_000_000
_ARTIFACTS = {
    "ArtifactsBucket": {"Type": "String", "Description": "Bucket that holds the application and the templates"},
    "ApplicationKey": {"Type": "String", "Description": "Object key of the application"},
}
_STREAM = {"TableStreamArn": {"Type": "String", "Description": "ARN of the table's stream"}}


@dataclass(frozen=True)
class Templates:
    """All templates of one stage: ``stacks`` in the order in which they can be created."""

    stage: Stage
    root: Template
    stacks: dict[str, Template] = field(default_factory=dict)

    def texts(self) -> dict[str, str]:
        """File name → the template as it is uploaded."""
        every = {"root": self.root, **self.stacks}
        return {f"{name}.json": text(template) for name, template in every.items()}

    def resources(self) -> dict[str, int]:
        """Stack → how many resources CloudFormation makes of it."""
        every = {"root": self.root, **self.stacks}
        return {name: len(expand(template)["Resources"]) for name, template in every.items()}


def text(template: Template) -> str:
    """A template as JSON, the same for the same template."""
    return json.dumps(template, sort_keys=True, separators=(",", ":")) + "\n"


def load_registry() -> dict[str, Function]:
    """Every function, and every module that one of them could import (their settings count)."""
    functions = registry.load_all()
    for module in sorted({name for function in functions.values() for name in closure(function.module)}):
        importlib.import_module(module)
    return functions


def _template(description: str, resources: dict[str, Any], **more: Any) -> Template:
    template = {"AWSTemplateFormatVersion": "2010-09-09", "Description": description, "Resources": resources}
    return {**template, **{name: value for name, value in more.items() if value}}


def _state(stage: Stage, functions: dict[str, Function]) -> Template:
    readers = [function.name for function in functions.values() if isinstance(function, Stream)]
    resources = {
        "Table": table(stage),
        "Files": bucket(stage),
        "FilesPolicy": bucket_policy(stage),
        **queues(stage),
        **alarms(stage, readers),
    }
    outputs = {
        "TableStreamArn": {"Value": {"Fn::GetAtt": ["Table", "StreamArn"]}},
        "AlarmsTopic": {"Value": {"Ref": "Alarms"}},
    }
    return _template(f"Pathshala {stage.name}: table, bucket, queues, alarms", resources, Outputs=outputs)


def _area(stage: Stage, area: str, functions: list[Function], code_sha: str) -> Template:
    resources: dict[str, Any] = {}
    for function in functions:
        resources.update(function_resources(stage, function, code_sha))
    needed = dict.fromkeys(layer for function in functions for layer in function.layers)
    resources.update({layers.logical(layer): layers.resource(stage, layer) for layer in needed})
    resources.update(scheduler_role(stage, [one for one in functions if isinstance(one, Job) and one.every]))
    parameters = {**_ARTIFACTS, **layers.parameters(needed)}
    if any(isinstance(function, Stream) for function in functions):
        parameters.update(_STREAM)
    return _template(
        f"Pathshala {stage.name}: functions of {area}", resources, Parameters=parameters, Transform=TRANSFORM
    )


def _api(stage: Stage) -> Template:
    outputs = {
        "Url": {"Value": {"Fn::Sub": f"https://${{Api}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage.name}"}}
    }
    return _template(f"Pathshala {stage.name}: API", api_resources(stage), Outputs=outputs, Transform=TRANSFORM)


def _nested(name: str, template: Template, before: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for parameter in template.get("Parameters", {}):
        given[parameter] = {"Ref": parameter}
    if "TableStreamArn" in given:
        given["TableStreamArn"] = {"Fn::GetAtt": [names.camel("state"), "Outputs.TableStreamArn"]}
        before = [one for one in before if one != "state"]  # the parameter says so already
    address = f"https://${{ArtifactsBucket}}.s3.${{AWS::Region}}.${{AWS::URLSuffix}}/${{TemplatesPrefix}}/{name}.json"
    resource: dict[str, Any] = {
        "Type": "AWS::CloudFormation::Stack",
        "Properties": {"TemplateURL": {"Fn::Sub": address}, "TimeoutInMinutes": 60},
    }
    if given:
        resource["Properties"]["Parameters"] = given
    if before:
        resource["DependsOn"] = [names.camel(one) for one in before]
    return resource


def _root(stage: Stage, stacks: dict[str, Template]) -> Template:
    areas = [name for name in stacks if name.startswith("functions-")]
    before = {"state": [], "workflows": areas, "api": areas, **{area: ["state"] for area in areas}}
    resources = {names.camel(name): _nested(name, template, before[name]) for name, template in stacks.items()}
    parameters = {
        **_ARTIFACTS,
        **layers.parameters(Layer),
        "TemplatesPrefix": {"Type": "String", "Description": "Where the nested stacks' templates are in that bucket"},
    }
    outputs = {
        "ApiUrl": {"Value": {"Fn::GetAtt": ["Api", "Outputs.Url"]}},
        "AlarmsTopic": {"Value": {"Fn::GetAtt": ["State", "Outputs.AlarmsTopic"]}},
    }
    return _template(f"Pathshala {stage.name}", resources, Parameters=parameters, Outputs=outputs)


def build(stage_name: str, *, code_sha: str = "", release: dict[str, str] | None = None) -> Templates:
    """The templates of a stage. Makes no call to anywhere.

    ``code_sha`` identifies the application's code for stages with versions; ``release`` are further settings that only
    packaging knows (version, commit). Raises ``BadStage``, ``BadDeclaration`` or ``BadGrant``.
    """
    functions = load_registry()
    stage = stages.load(stage_name, release or {})
    stages.check(stage)
    areas: dict[str, list[Function]] = {}
    for function in functions.values():
        areas.setdefault(function.area, []).append(function)
    stacks: dict[str, Template] = {"state": _state(stage, functions)}
    for area in sorted(areas):
        stacks[f"functions-{area}"] = _area(stage, area, areas[area], code_sha)
    machines = workflows(stage)
    if machines:
        stacks["workflows"] = _template(f"Pathshala {stage.name}: workflows", machines)
    stacks["api"] = _api(stage)
    return Templates(stage, _root(stage, stacks), stacks)
