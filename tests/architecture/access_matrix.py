"""The file of who is let in where: reading it, and writing one of its lines."""

from __future__ import annotations

from collections.abc import Mapping

from tests.architecture.source import ROOT
from tests.architecture.world import CALLERS, SIGNED_IN

FILE = ROOT / "tests" / "architecture" / "access_matrix.txt"
_HIDDEN = "(404)"


def outcome(status: int) -> str:
    """``no``: 401 or 403. ``hidden``: 404. ``in``: anything else."""
    if status in (401, 403):
        return "no"
    return "hidden" if status == 404 else "in"


def line(place: str, row: Mapping[str, str]) -> str:
    """``GET /v1/x: everyone`` — or ``signed-in``, ``nobody``, or names; ``(404)``: who is told that it is not there."""
    let_in = {name for name, how in row.items() if how == "in"}
    hidden = [f"{name}{_HIDDEN}" for name in CALLERS if row[name] == "hidden"]
    if let_in == set(CALLERS):
        return f"{place}: everyone"
    if let_in >= SIGNED_IN:
        named = ["signed-in", *(name for name in CALLERS if name in let_in - SIGNED_IN)]
    else:
        named = [name for name in CALLERS if name in let_in]
    return f"{place}: {' '.join([*named, *hidden]) or 'nobody'}"


def expected() -> dict[str, str]:
    """The lines of the file by endpoint."""
    lines = [one for one in FILE.read_text("utf-8").splitlines() if one and not one.startswith("#")]
    return {one.rpartition(": ")[0]: one for one in lines}
