"""What is declared is whole: one module, one audience, few functions, an action, a summary, its errors."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections import Counter

import pytest

import chalicelib
from chalicelib.platform import registry
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.errors import ApiError
from chalicelib.platform.http.endpoint import Endpoint
from tests.architecture.source import ROOT

MAX_FUNCTIONS = 12


@pytest.fixture(scope="module")
def functions() -> dict[str, registry.Function]:
    return {name: one for name, one in registry.load_all().items() if one.module.startswith("functions.")}


def test_a_module_has_one_audience_and_few_functions(functions: dict[str, registry.Function]) -> None:
    counts = Counter(function.module for function in functions.values())
    assert {module: count for module, count in counts.items() if count > MAX_FUNCTIONS} == {}
    for function in functions.values():
        if isinstance(function, Endpoint):
            admin = function.path.startswith("/v1/admin/")
            assert admin == function.module.endswith("_admin"), f"{function.name} is in {function.module}"


@pytest.mark.rule("ACC-50")
def test_every_endpoint_names_an_action_or_is_public(functions: dict[str, registry.Function]) -> None:
    known = set(Actions.all().values())
    for function in functions.values():
        if isinstance(function, Endpoint):
            assert function.public or function.action in known, function.name


@pytest.mark.rule("ACC-50")
@pytest.mark.parametrize(
    ("declaration", "complaint"),
    [
        ('@api.get("/v1/x")\ndef some_name() -> None:\n    "Sum."', "names an action"),
        ('@api.get("/v1/x", public=True)\ndef some_name() -> None: ...', "has no docstring"),
        ('@api.get("/v1/x", public=True)\ndef some_name(caller: Caller) -> None:\n    "Sum."', "has no caller"),
        ('@api.get("/v1/x", public=True)\ndef some_name(y: str) -> None:\n    "Sum."', "which nothing fills"),
        ('@api.get("/v1/health", public=True)\ndef other(x: str = "") -> None:\n    "Sum."', "nothing fills"),
        ('@api.get("/v1/x", public=True)\ndef health() -> None:\n    "Sum."', "is declared in"),
        ('@api.get("/v1/health", public=True)\ndef other() -> None:\n    "Sum."', "is declared as"),
    ],
)
def test_a_wrong_declaration_does_not_import(declaration: str, complaint: str) -> None:
    code = f"import functions.platform.health\nfrom chalicelib.platform.http import api, Caller\n{declaration}\n"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode != 0
    assert "BadDeclaration" in ran.stderr
    assert complaint in ran.stderr


def test_error_codes_are_one_thing_each() -> None:
    """One code, one status and message, wherever it is raised."""
    registry.load_all()
    seen: dict[str, tuple[int, str]] = {}

    def walk(error: type[ApiError]) -> None:
        for one in error.__subclasses__():
            if "code" in vars(one) and one.__module__.startswith("chalicelib"):
                known = seen.setdefault(one.code, (one.status, one.message))
                assert known == (one.status, one.message), f"{one.code} is declared twice, differently"
            walk(one)

    walk(ApiError)
    assert seen


def test_paths_name_a_position_once(functions: dict[str, registry.Function]) -> None:
    """API Gateway allows one parameter name per position."""
    names: dict[str, str] = {}
    for function in functions.values():
        if not isinstance(function, Endpoint):
            continue
        place = ""
        for part in function.path.strip("/").split("/"):
            if part.startswith("{"):
                known = names.setdefault(place, part)
                assert known == part, f"{function.path}: {part} stands where {known} does"
                place += "/{}"
            else:
                place += f"/{part}"


SHARED_CODES = {
    400: ["MALFORMED_JSON", "BODY_REQUIRED", "HEADER_INVALID", "CURSOR_INVALID", "IDEMPOTENCY_KEY_REQUIRED"],
    401: ["TOKEN_MISSING", "TOKEN_INVALID", "TOKEN_EXPIRED", "SESSION_REVOKED"],
    403: ["FORBIDDEN", "ACCOUNT_BLOCKED", "WRONG_USER_TYPE", "MFA_REQUIRED", "CSRF_FAILED", "ORIGIN_REFUSED"],
    404: ["ROUTE_NOT_FOUND"],
    409: ["CONFLICT"],
    412: ["VERSION_MISMATCH"],
    413: ["BODY_TOO_LARGE"],
    415: ["UNSUPPORTED_MEDIA_TYPE"],
    416: ["RANGE_NOT_SATISFIABLE"],
    422: ["VALIDATION_FAILED", "IDEMPOTENCY_KEY_REUSED"],
    429: ["RATE_LIMITED"],
    500: ["INTERNAL"],
    502: ["UPSTREAM_FAILED"],
    503: ["UNAVAILABLE"],
    504: ["TIMED_OUT"],
}


@pytest.mark.rule("HTTP-23")
def test_shared_codes_have_their_statuses() -> None:
    registry.load_all()
    known: dict[str, int] = {}
    waiting = list(ApiError.__subclasses__())
    while waiting:
        error = waiting.pop()
        waiting.extend(error.__subclasses__())
        if "code" in vars(error):
            known[error.code] = error.status
    for status, codes in SHARED_CODES.items():
        assert {code: known.get(code) for code in codes} == dict.fromkeys(codes, status)


@pytest.mark.rule("PAY-37", "SUB-13")
def test_the_reader_of_the_stream_knows_every_translation() -> None:
    """A deployed reader imports its own module alone; what it does not know would never be told."""
    show = "from chalicelib.platform.events import changes; print(sorted(changes._translations))"
    alone, all_of_them = (
        subprocess.run(
            [sys.executable, "-c", f"{first}\n{show}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        ).stdout
        for first in (
            "import functions.platform.stream",
            "from chalicelib.platform import registry; registry.load_all()",
        )
    )
    assert alone == all_of_them != "[]\n"


@pytest.mark.rule("ACC-10", "ACC-14")
def test_everything_that_can_be_asked_about_is_collected(functions: dict[str, registry.Function]) -> None:
    """A domain that declares a ``Thing`` is explained and checked; each is of a type that the policies know."""
    from chalicelib.platform.access.policies import resource_types
    from chalicelib.platform.access.resources import Thing
    from functions.access.things import THINGS

    assert functions
    for module in pkgutil.walk_packages(chalicelib.__path__, "chalicelib."):
        importlib.import_module(module.name)
    declared = {
        one.kind: one
        for name, module in sys.modules.items()
        if name.startswith("chalicelib.")
        for one in vars(module).values()
        if isinstance(one, Thing)
    }
    assert declared == THINGS
    assert set(THINGS) <= {kind for kinds in resource_types().values() for kind in kinds}
