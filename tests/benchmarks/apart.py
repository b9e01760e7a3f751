"""Measures that need a process of their own: another engine, other waits, or nothing else running beside them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.benchmarks.figures import ROOT

PATIENCE_SECONDS = 3_600


class NotMeasured(Exception):
    """The process ended without a result; its text is the reason."""


def result_of(module: str, *given: str, **environment: str) -> Any:
    """What a module of this package printed last, read as JSON. Raises ``NotMeasured``."""
    try:
        ran = subprocess.run(
            [sys.executable, "-m", module, *given],
            cwd=ROOT,
            env={**os.environ, "LOG_LEVEL": "CRITICAL", **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired as late:
        raise NotMeasured("it took too long") from late
    if ran.returncode != 0:
        raise NotMeasured(ran.stderr.strip().splitlines()[-1] if ran.stderr.strip() else "no reason told")
    return json.loads(ran.stdout.splitlines()[-1])
