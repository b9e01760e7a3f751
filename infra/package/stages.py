"""Stages: what ``.chalice/config.json`` says about each, checked against the declared settings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chalicelib.platform import settings

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / ".chalice" / "config.json"


class BadStage(Exception):
    """A stage that cannot be built or deployed; says which key breaks which rule, never a value."""


@dataclass(frozen=True)
class Stage:
    """One stage.

    ``environment``: values of declared settings. ``admin_origins``: may upload to the bucket. ``log_days``: how long
    logs are kept.
    """

    name: str
    environment: Mapping[str, str]
    admin_origins: tuple[str, ...]
    log_days: int

    @property
    def timezone(self) -> str:
        """The zone that schedules go by."""
        return self.environment.get("ACADEMY_TIMEZONE", "Asia/Kolkata")

    @property
    def kept(self) -> bool:
        """Whether the stage's data outlives its stack."""
        return self.name == "prod"


def names() -> list[str]:
    """All stages."""
    return sorted(_stages())


def _stages() -> dict[str, Any]:
    config: dict[str, dict[str, Any]] = json.loads(CONFIG.read_text(encoding="utf-8"))
    return config["stages"]


def load(name: str, release: Mapping[str, str] | None = None) -> Stage:
    """The stage of that name, its environment completed by ``release``. Raises ``BadStage`` when there is none."""
    stages = _stages()
    if name not in stages:
        raise BadStage(f"{name} is no stage; there are {', '.join(sorted(stages))}")
    given = stages[name]
    deployment = given["deployment"]
    return Stage(
        name=name,
        environment={"STAGE": name, **given["environment_variables"], **(release or {})},
        admin_origins=tuple(deployment["admin_origins"]),
        log_days=int(deployment["log_days"]),
    )


@contextmanager
def applied(stage: Stage) -> Iterator[None]:
    """The process's environment is this stage's for a while: for rules that depend on several settings."""
    before = dict(os.environ)
    os.environ.update(stage.environment)
    try:
        yield
    finally:
        for name in stage.environment:
            if name in before:
                os.environ[name] = before[name]
            else:
                os.environ.pop(name, None)


def check(stage: Stage) -> None:
    """Every value belongs to a declared setting and keeps its rule. Raises ``BadStage`` with all that do not."""
    declared = settings.declared()
    problems: list[str] = []
    with applied(stage):
        for name, value in sorted(stage.environment.items()):
            setting = declared.get(name)
            if setting is None:
                problems.append(f"{name}: no function declares this setting")
                continue
            try:
                setting.parse(value)
            except ValueError:
                problems.append(f"{name}: {setting.rule}")
    if problems:
        raise BadStage(f"stage {stage.name}: " + "; ".join(problems))
