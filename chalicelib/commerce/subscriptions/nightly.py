"""Which run over subscriptions does what."""

from __future__ import annotations

from chalicelib.commerce.subscriptions import expiry, reminding, runs
from chalicelib.platform import context

_WORKS: dict[str, runs.Work] = {expiry.TASK: expiry.Expiry(), reminding.TASK: reminding.Reminding()}


def carry_on(run_id: str) -> str | None:
    """Carry a run some pages further, not beyond this function's time-out; its state then, None for an unknown one."""
    return runs.carry_on(run_id, _WORKS, context.current().remaining)
