"""Executions as the console draws them: the definition, and the state that each state is in."""

from __future__ import annotations

from typing import Any

from chalicelib.platform.aws import clients

_ENTERED, _EXITED = "StateEntered", "StateExited"
_FAILED = frozenset({"ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})
MAX_EVENTS = 1_000


def states_of(arn: str) -> dict[str, Any]:
    """``{states: {name: SUCCEEDED|RUNNING|FAILED}, current, history: [{at, type, state}]}`` of an execution."""
    events = clients.stepfunctions().get_execution_history(executionArn=arn, maxResults=MAX_EVENTS)["events"]
    states: dict[str, str] = {}
    history: list[dict[str, Any]] = []
    current: str | None = None
    for event in events:
        kind = str(event["type"])
        name = None
        if kind.endswith(_ENTERED):
            name = current = event["stateEnteredEventDetails"]["name"]
            states[name] = "RUNNING"
        elif kind.endswith(_EXITED):
            name = event["stateExitedEventDetails"]["name"]
            states[name] = "SUCCEEDED"
        elif kind in _FAILED and current is not None:
            states[current] = "FAILED"
        history.append({"at": event["timestamp"].isoformat(), "type": kind, "state": name or current})
    return {"states": states, "current": current, "history": history}
