"""The templates of the deployed stages, built once; none of these tests talks to AWS, emulated or real."""

from __future__ import annotations

from typing import Any

import pytest

from infra.package.expand import expand
from infra.package.release import deployed_stages
from infra.package.templates import Templates, build

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def templates() -> dict[str, Templates]:
    """Stage → its templates as they are uploaded."""
    return {stage: build(stage) for stage in deployed_stages()}


@pytest.fixture(scope="session")
def expanded(templates: dict[str, Templates]) -> dict[str, dict[str, Resources]]:
    """Stage → stack → its resources as CloudFormation sees them."""
    return {
        stage: {name: expand(template)["Resources"] for name, template in built.stacks.items()}
        for stage, built in templates.items()
    }


def of_type(stacks: dict[str, Resources], kind: str) -> dict[str, dict[str, Any]]:
    """The properties of all resources of one type, by logical id."""
    return {
        logical: resource.get("Properties", {})
        for resources in stacks.values()
        for logical, resource in resources.items()
        if resource["Type"] == kind
    }
