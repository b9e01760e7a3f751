"""A Lambda's start: it loads what its one function uses, all of it, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]

_TOLD = """
import gc, importlib, json, sys
module, _, name = {handler!r}.rpartition(".")
function = getattr(importlib.import_module(module), name)
model = getattr(function, "answer_model", None)
loaded = lambda name: type(sys.modules.get(name)).__name__
print(json.dumps({{
    "name": function.name,
    "modules": sorted(sys.modules),
    "collects": gc.isenabled(),
    "frozen": gc.get_freeze_count() > 0,
    "built": bool(model is None or model.__pydantic_complete__),
    "syntax tree": loaded("cedarpy.pst"),
    "certificates": loaded("cryptography.x509"),
}}))
"""


def _start(handler: str, *, as_lambda: bool = True) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if name != "_HANDLER"}
    if as_lambda:
        environment["_HANDLER"] = handler
    ran = subprocess.run(
        [sys.executable, "-c", _TOLD.format(handler=handler)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


@pytest.mark.rule("DEP-12")
@pytest.mark.rule("ACC-51")
def test_a_signed_in_function_is_ready_before_its_first_request() -> None:
    told = _start("functions.taxonomy.subjects_admin.list_subjects_admin")
    wanted = {"chalicelib.platform.http.pipeline", "chalicelib.platform.access.decisions", "jwt", "cedarpy"}
    assert wanted <= set(told["modules"])
    assert told["built"]
    assert told["collects"]
    assert told["frozen"]


@pytest.mark.rule("DEP-12")
def test_a_public_function_loads_neither_tokens_nor_policies() -> None:
    told = _start("functions.platform.health.health")
    assert "chalicelib.platform.http.pipeline" in told["modules"]
    assert {"jwt", "cedarpy", "boto3"} & set(told["modules"]) == set()
    assert told["built"]


@pytest.mark.rule("DEP-12")
def test_the_reader_of_the_stream_verifies_no_tokens_and_decides_nothing() -> None:
    told = _start("functions.platform.stream.route_changes")
    assert {"jwt", "cedarpy", "chalicelib.platform.http.pipeline"} & set(told["modules"]) == set()


@pytest.mark.rule("DEP-12")
def test_what_libraries_load_and_nobody_asks_of_them_waits() -> None:
    told = _start("functions.taxonomy.subjects_admin.list_subjects_admin")
    assert told["syntax tree"] == "_LazyModule"
    assert told["certificates"] == "_LazyModule"


@pytest.mark.rule("DEP-12")
def test_a_process_of_many_functions_loads_as_python_does() -> None:
    told = _start("functions.platform.health.health", as_lambda=False)
    assert told["collects"]
    assert not told["frozen"]
    assert not told["built"]
