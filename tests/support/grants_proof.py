"""The proof of grants (DEP-05): what each function did in AWS, against the role that the deployment gives it.

Wired in ``conftest.py``, which imports the hook and calls ``watch(emulator)`` for every emulator. When the session ends
it fails, naming function and action, for a call that the role does not allow; and, after a run of the whole suite, for
a grant that a function holds and no test of it ever used. Where several processes share the tests, each hands over what
it saw, and the one that leads them proves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.platform import context, registry, secrets
from chalicelib.platform.function import Function
from chalicelib.platform.grants import Grant
from infra.local.emulator import Emulator
from infra.local.targets import Access
from infra.package import roles, stages
from tests.support.iam import LEADING_KEYS, Ask, allowed

ACCOUNT = "123456789012"
REGION = "ap-south-1"
STAGE = "test"
_PSEUDO = {"${AWS::Partition}": "aws", "${AWS::Region}": REGION, "${AWS::AccountId}": ACCOUNT}

UNSEEN: dict[Grant, str] = {
    Grant.STREAM: "Lambda reads the stream with the function's role; the function itself never calls it",
    Grant.FILES_UPLOAD: "a presigned PUT acts with the rights of the role that signed it; signing calls nobody",
    Grant.GATEWAY_TOKEN: "the token is kept in the process: here the first function that needs one fetches it for all",
}
"""Grants that are used without a call of the function, and why."""


@dataclass(frozen=True, order=True)
class Use:
    """Something that a function did: one action on one kind of resource."""

    function: str
    action: str
    resource: str
    leading_key: str | None

    def __str__(self) -> str:
        about = f" (leading key {self.leading_key})" if self.leading_key else ""
        return f"{self.function}: {self.action} on {self.resource}{about}"


def arn_of(access: Access) -> str:
    """The ARN of what a recorded access was about."""
    service = access.action.partition(":")[0]
    if service == "s3":
        return f"arn:aws:s3:::{access.resource}"
    kind = {"ssm": "parameter", "states": "stateMachine:"}.get(service, "")
    if access.resource.startswith("arn:"):
        return access.resource
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{kind}{access.resource}"


def _resolved(text: str) -> str:
    for name, value in _PSEUDO.items():
        text = text.replace(name, value)
    return text


def statements(function: Function, files: Iterable[str] | None = None) -> list[dict[str, Any]]:
    """A function's role as the deployment builds it, in this account; ``files`` limits it to some of its files."""
    chosen = None if files is None else list(files)
    found = roles.policy(stages.load(STAGE), function, files=chosen)["Statement"]
    return [{**statement, "Resource": [_resolved(text) for text in statement["Resource"]]} for statement in found]


def ask_of(access: Access) -> Ask:
    """What IAM is asked for a recorded access."""
    context = {} if access.leading_key is None else {LEADING_KEYS: (access.leading_key,)}
    return Ask(access.action, arn_of(access), context)


def missing(function: Function, accesses: Iterable[Access]) -> Iterator[Use]:
    """What a function did that its role does not allow."""
    own = statements(function)
    for access in accesses:
        if not allowed(own, ask_of(access)):
            yield Use(function.name, access.action, arn_of(access).rsplit(":", 1)[-1], access.leading_key)


def unused(function: Function, accesses: Iterable[Access]) -> Iterator[Grant]:
    """The grants of a function that none of these accesses needs."""
    asks = [ask_of(access) for access in accesses]
    for grant in function.grants:
        if grant in UNSEEN:
            continue
        own = statements(function, [grant.value])
        if not any(allowed(own, ask) for ask in asks):
            yield grant


def problems(accesses: Mapping[str, Iterable[Access]], functions: Iterable[Function], *, whole: bool) -> list[str]:
    """A line for each action without right, and, for a ``whole`` run, for each right without action."""
    found: list[str] = []
    for function in functions:
        own = list(accesses.get(function.name, ()))
        found += sorted({f"not allowed: {use}" for use in missing(function, own)})
        if whole:
            found += [f"never used: {function.name} holds {grant.value}" for grant in unused(function, own)]
    return found


_watched: list[Emulator] = []
_told: dict[str, set[Access]] = {}


def watch(emulator: Emulator) -> None:
    """What functions do in this emulator counts; so do secrets that one of them finds another to have read already."""
    _watched.append(emulator)

    def read(name: str) -> None:
        access = Access("ssm:GetParameter", secrets.parameter_name(name))
        emulator.calls.add_access(context.current().function, access)

    secrets.on_read(read)


def whole_suite(config: pytest.Config) -> bool:
    """Whether this run was of all tests: nothing selected, nothing left out."""
    options = config.option
    chosen = [str(one) for one in config.args]
    everything = chosen in ([], [str(config.rootpath / "tests")], ["tests"])
    return everything and not (options.keyword or options.markexpr or getattr(options, "lf", False))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a process of several saw."""
    for function, *access in getattr(node, "workeroutput", {}).get("accesses", ()):
        _told.setdefault(function, set()).add(Access(*access))


def _seen() -> dict[str, set[Access]]:
    seen: dict[str, set[Access]] = {}
    for one in (_told, *(emulator.calls.accesses for emulator in _watched)):
        for function, found in one.items():
            seen.setdefault(function, set()).update(found)
    return seen


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Fail the session with what is not proved."""
    accesses = _seen()
    handed_over = getattr(session.config, "workeroutput", None)
    if handed_over is not None:
        handed_over["accesses"] = [
            [function, one.action, one.resource, one.leading_key]
            for function, found in accesses.items()
            for one in found
        ]
        return
    if not accesses:
        return
    if _told:
        registry.load_declarations()
    whole = whole_suite(session.config) and exitstatus == 0
    functions = [one for _, one in sorted(registry.known().items()) if one.module.startswith("functions.")]
    try:
        lines = problems(accesses, functions, whole=whole)
    except roles.BadGrant as failure:
        lines = [str(failure)]
    if lines:
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_sep("=", "grants are not proved (DEP-05)")
            for line in lines:
                reporter.write_line(line)
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
