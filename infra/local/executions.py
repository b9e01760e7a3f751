"""Executions as the console draws them: the definition, and the state that each state is in."""

from __future__ import annotations

from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.aws import clients

_ENTERED, _EXITED = "StateEntered", "StateExited"
_FAILED = frozenset({"ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut"})
MAX_EVENTS = 1_000


def states_of(arn: str) -> list[dict[str, Any]]:
    """The states of an execution in the order they were entered: ``{name, status, at}``.

    ``status``: RUNNING, SUCCEEDED or FAILED; a state that was entered again stands again.
    """
    events = clients.stepfunctions().get_execution_history(executionArn=arn, maxResults=MAX_EVENTS)["events"]
    states: list[dict[str, Any]] = []
    for event in events:
        kind = str(event["type"])
        if kind.endswith(_ENTERED):
            name = event["stateEnteredEventDetails"]["name"]
            states.append({"name": name, "status": "RUNNING", "at": clock.iso(event["timestamp"])})
        elif kind.endswith(_EXITED):
            _end(states, event["stateExitedEventDetails"]["name"])
        elif kind in _FAILED and states:
            states[-1]["status"] = "FAILED"
    return states


def _end(states: list[dict[str, Any]], name: str) -> None:
    for state in reversed(states):
        if state["name"] == name:
            state["status"] = "SUCCEEDED"
            return
