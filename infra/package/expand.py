"""SAM templates as plain CloudFormation, as the service's own transform would make them; without an account."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import boto3
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

Template = dict[str, Any]


def expand(template: Template, parameters: Mapping[str, str], region: str = "ap-south-1") -> Template:
    """The template with every SAM resource replaced by what it stands for; one without SAM comes back as it is."""
    given = copy.deepcopy(template)
    if "Transform" not in given:
        return given
    # The session only tells the translator the region and its partition; no managed policies are named, so none are fetched.
    session = boto3.session.Session(region_name=region)
    translator = Translator({}, Parser(), boto_session=session)
    expanded: Template = translator.translate(given, dict(parameters))
    expanded.pop("Transform", None)
    return expanded
