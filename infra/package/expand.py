"""SAM templates as plain CloudFormation, as the service's own transform makes them; without an account."""

from __future__ import annotations

import copy
import logging
from collections.abc import Mapping
from typing import Any

Template = dict[str, Any]

REGION = "ap-south-1"


def expand(template: Template, parameters: Mapping[str, str] | None = None, region: str = REGION) -> Template:
    """The template with every SAM resource replaced by what it stands for; one without SAM comes back as it is."""
    if "Transform" not in template:
        return template
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator

    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # The session tells the region and its partition, and calls nobody; our roles name no managed policies to look up.
    translator = Translator({}, Parser(), boto_session=boto3.session.Session(region_name=region))
    expanded: Template = translator.translate(copy.deepcopy(template), dict(parameters or {}))
    expanded.pop("Transform", None)
    return expanded
