"""The environment of each Lambda: values for the settings that its modules declare, and nothing else (DEP-02)."""

from __future__ import annotations

import json
from typing import Any

from chalicelib.platform import settings
from chalicelib.platform.function import Function
from chalicelib.platform.work import Stream, event_routes
from infra.package import names
from infra.package.closure import closure
from infra.package.roles import text
from infra.package.stages import Stage

_PLACES = {
    "TABLE_NAME": ("chalicelib.platform.store.keys", ("${Table}",)),
    "BUCKET_NAME": ("chalicelib.platform.aws.bucket", ("${Files}",)),
    "QUEUE_URL_BASE": ("chalicelib.platform.events.queues", ("${Queue}", "${ConsumerQueues}")),
    "WORKFLOW_ARN_BASE": ("chalicelib.platform.workflows", ("${Workflow}",)),
}
"""Which module reads where a resource is, and how grants to use it name it."""


def _may_use(function: Function, marks: tuple[str, ...]) -> bool:
    return any(mark in text(grant.value) for grant in function.grants for mark in marks)


def _needs_place(function: Function, name: str, modules: frozenset[str]) -> bool:
    # Half of the platform can reach the table; only who is allowed to needs to know where it is.
    reader, marks = _PLACES[name]
    return reader in modules and _may_use(function, marks)


def declared_for(function: Function) -> frozenset[str]:
    """The settings that a container of this function can read."""
    modules = closure(function.module)
    return frozenset(name for name, setting in settings.declared().items() if setting.module in modules)


def environment(function: Function, stage: Stage) -> dict[str, Any]:
    """The environment of a function in a stage: names to texts or intrinsic functions."""
    modules = closure(function.module)
    wanted = declared_for(function)
    values: dict[str, Any] = {name: value for name, value in stage.environment.items() if name in wanted}
    places = names.settings_of(stage.name)
    values.update({name: place for name, place in places.items() if _needs_place(function, name, modules)})
    if isinstance(function, Stream):
        values["EVENT_ROUTES"] = json.dumps(event_routes(), separators=(",", ":"), sort_keys=True)
    return dict(sorted(values.items()))
