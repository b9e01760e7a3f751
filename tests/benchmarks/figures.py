"""One figure: what was measured, beside what, and whether that is what we want."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "build" / "bench.json"


@dataclass(frozen=True)
class Figure:
    """``against``: what it stands beside, in words; ``ratio`` to that. ``met`` is None without a ``goal``."""

    name: str
    value: float | None
    unit: str
    against: str = ""
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None


def median(values: Iterable[float]) -> float:
    """The middle one; 0 of none."""
    found = list(values)
    return statistics.median(found) if found else 0.0


def spread(values: Sequence[float]) -> str:
    """The middle half, for the eye."""
    if len(values) < 4:
        return ""
    quarters = statistics.quantiles(values, n=4)
    return f"{quarters[0]:.1f}…{quarters[2]:.1f}"


def _text(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.0f}" if value >= 1_000 or value == int(value) else f"{value:.3g}" if value < 1 else f"{value:.2f}"


def show(title: str, figures: Sequence[Figure]) -> None:
    """Print one measure's table."""
    print(f"\n{title}")
    widths = [
        max([len(one.name) for one in figures], default=0),
        12,
        max([len(one.against) for one in figures], default=0),
    ]
    for one in figures:
        ratio = f"× {one.ratio:.2f}" if one.ratio is not None else ""
        verdict = {None: "", True: "met", False: "MISSED"}[one.met]
        value = f"{_text(one.value)} {one.unit}"
        columns = f"{value:>{widths[1]}}  {one.against:<{widths[2]}}  {ratio:>7}  {one.goal:<24}"
        print(f"  {one.name:<{widths[0]}}  {columns} {verdict}")


def write(figures: Sequence[Figure]) -> None:
    """The same for machines."""
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(json.dumps([asdict(one) for one in figures], indent=1, ensure_ascii=False) + "\n", "utf-8")
