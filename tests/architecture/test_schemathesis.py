"""Every operation of the OpenAPI document against the running functions, with requests made from the schemas (QUAL-31).

A few examples an operation here; ``HYPOTHESIS_PROFILE=nightly`` makes 200 of each. As a super-admin, who gets furthest
into the code, and as a student. Each example finds the academy as it was.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks

from chalicelib.platform.access.catalogue import SUPER_ADMIN
from infra.local.edge import Edge
from infra.local.emulator import Emulator
from infra.local.gateway import Gateway
from infra.local.journal import Journal
from tests.architecture.world import STUDENT, World
from tests.architecture.world import world as academy
from tests.architecture.wsgi import DOCUMENT, Application

NIGHTLY = 200
EXAMPLES = NIGHTLY if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 6

application = Application()
schema = schemathesis.openapi.from_wsgi(DOCUMENT, application)
as_refused = schemathesis.openapi.from_wsgi(DOCUMENT, application)
# A student is mostly refused before the request is read; every boundary of every field is tried by night.
as_refused.config.phases.coverage.enabled = EXAMPLES == NIGHTLY

EXCLUDED = [
    # An unknown method is 404 ROUTE_NOT_FOUND here, not 405 (HTTP-60).
    checks.unsupported_method,
    # A request that fits the schema may still meet a state or a rule that refuses it by name: 404, 409, 422.
    checks.positive_data_acceptance,
]

examples = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES != NIGHTLY,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def world(emulator: Emulator) -> Iterator[World]:
    """One academy for the module, behind its gateway."""
    with academy(emulator) as made, pytest.MonkeyPatch.context() as patch:
        for limit in ("DEFAULT", "ASSETS", "DOCS", "WEBHOOK"):
            patch.setenv(f"RATE_{limit}", "off")
        application.gateway = Gateway(emulator, Journal(), Edge())
        yield made
        application.gateway = None


def _answer(case: schemathesis.Case, world: World, who: str) -> None:
    token = world.tokens[who]
    with world.unchanged():
        case.call_and_validate(headers={"Authorization": f"Bearer {token}"}, excluded_checks=EXCLUDED)


@pytest.mark.rule("QUAL-31")
@pytest.mark.rule("HTTP-50")
@schema.parametrize()
@examples
def test_as_a_super_admin(case: schemathesis.Case, world: World) -> None:
    _answer(case, world, SUPER_ADMIN)


@pytest.mark.rule("QUAL-31")
@as_refused.parametrize()
@examples
def test_as_a_student(case: schemathesis.Case, world: World) -> None:
    _answer(case, world, STUDENT)
