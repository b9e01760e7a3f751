"""The templates of every deployed stage through cfn-lint: no error, no warning (DEP-04)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from infra.package.release import deployed_stages
from infra.package.roles import check_files
from infra.package.templates import Templates, build

IGNORED: dict[str, str] = {}
"""Rule → why it is not followed."""
REGION = "ap-south-1"


def lint(templates: Templates) -> list[str]:
    """What cfn-lint says about all templates of a stage, informational findings left out."""
    from cfnlint import api
    from cfnlint.config import ManualArgs

    found: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, body in templates.texts().items():
            path = Path(folder) / name
            path.write_text(body, encoding="utf-8")
        for path in sorted(Path(folder).glob("*.json")):
            config = ManualArgs(regions=[REGION], ignore_checks=list(IGNORED))
            for match in api.lint_file(path, config):
                place = "/".join(str(part) for part in getattr(match, "path", None) or [])
                found.append(f"{templates.stage.name} {path.name}: {match.rule.id} {match.message} ({place})")
    return found


def problems() -> list[str]:
    """Everything that is wrong with templates and grants."""
    check_files()
    return [line for stage in deployed_stages() for line in lint(build(stage))]
