"""QUAL-05, DEP-12: how long the start of each function takes, beside ``import boto3``.

Fresh processes, alternating; the start of a function is the import of its module in a process that Lambda made for it,
with all that its first request needs (``chalicelib.platform.startup``). Bytecode is there on both sides.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from chalicelib.platform import registry
from chalicelib.platform.function import Function
from chalicelib.platform.http.endpoint import Endpoint
from tests.benchmarks.figures import ROOT, Figure, median

ROUNDS = 5
_TIMED = "import time\nbegan = time.perf_counter()\n{code}\nprint((time.perf_counter() - began) * 1000)"
BOTO3 = "import boto3"
LIBRARIES = (
    "import gc, os; gc.disable(); os.environ['PYDANTIC_DISABLE_PLUGINS'] = '__all__'\n"
    "import aws_lambda_powertools, botocore.client, botocore.session, cedarpy, jwt, pynamodb.models, ulid\n"
    "from pydantic import BaseModel\n"
    "class Empty(BaseModel):\n    pass"
)
"""What every signed-in request is made of, with nothing of ours in it."""

MOST = 1.6
MIDDLE = 1.4


def _environment(handler: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in {"_HANDLER", "PYTHONDONTWRITEBYTECODE"}}
    more = {"_HANDLER": handler} if handler else {}
    return {**kept, "PYTHONPYCACHEPREFIX": str(ROOT / "build" / "bytecode"), "LOG_LEVEL": "WARNING", **more}


def _milliseconds(code: str, handler: str = "") -> float:
    ran = subprocess.run(
        [sys.executable, "-c", _TIMED.format(code=code)],
        cwd=ROOT,
        env=_environment(handler),
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ran.stdout)


def beside(code: str, handler: str = "", rounds: int = ROUNDS) -> tuple[float, float]:
    """Medians in milliseconds: the code's, and that of ``import boto3`` in the same alternation."""
    _milliseconds(code, handler)
    pairs = [(_milliseconds(code, handler), _milliseconds(BOTO3)) for _ in range(rounds)]
    return median(own for own, _ in pairs), median(base for _, base in pairs)


def _figure(name: str, code: str, handler: str, goal: float | None) -> Figure:
    own, base = beside(code, handler)
    ratio = own / base
    wanted = f"≤ {goal} ×" if goal else ""
    return Figure(
        name, round(own, 1), "ms", f"import boto3 {base:.1f} ms", ratio, wanted, ratio <= goal if goal else None
    )


def measure(functions: Sequence[Function] | None = None) -> list[Figure]:
    """One row a function, the libraries alone, and the median over all functions."""
    chosen = list(functions if functions is not None else registry.load_all().values())
    rows = [
        _figure(
            f"start of {function.name}",
            f"import {function.module}",
            function.handler,
            MOST if isinstance(function, Endpoint) else None,
        )
        for function in chosen
    ]
    libraries = _figure("start: the libraries of a signed-in request alone", LIBRARIES, "", None)
    middle = median(row.ratio or 0 for row in rows)
    total = Figure(
        "start: median of all functions",
        round(median(row.value or 0 for row in rows), 1),
        "ms",
        "import boto3",
        middle,
        f"≤ {MIDDLE} ×",
        middle <= MIDDLE,
    )
    return [*rows, libraries, total]
