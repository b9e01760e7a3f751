"""Whether the backend is up, and whether what it stands on is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chalicelib.platform import clock, readiness, settings
from chalicelib.platform.access.policies import policy_version
from chalicelib.platform.http import Answer, Grant, Instant, ResponseModel, api

VERSION = settings.text("APP_VERSION", default="dev")
COMMIT = settings.text("APP_COMMIT", default="unknown")


class Health(ResponseModel):
    """What runs here."""

    status: Literal["ok"]
    stage: str = Field(max_length=32, examples=["prod"])
    version: str = Field(max_length=64, examples=["1.4.0"])
    commit: str = Field(max_length=64, examples=["4a7a450"])
    policy_version: str = Field(
        max_length=16, examples=["0f5c1d9a7b3e2468"], description="Hash of the access policies and their schema"
    )
    time: Instant


class DependencyCheck(ResponseModel):
    """Whether one dependency answered, and in how many milliseconds."""

    ok: bool
    ms: int = Field(ge=0, examples=[12])


class DependencyChecks(ResponseModel):
    """Everything a request may need."""

    table: DependencyCheck
    bucket: DependencyCheck
    secrets: DependencyCheck
    queues: DependencyCheck


class Readiness(ResponseModel):
    """Whether requests can be answered: ``degraded`` when one of the checks failed."""

    status: Literal["ready", "degraded"]
    checks: DependencyChecks


@api.get("/v1/health", public=True, in_maintenance=True)
def health() -> Health:
    """Whether the function answers.

    Makes no AWS call.
    """
    return Health(
        status="ok",
        stage=settings.STAGE(),
        version=VERSION(),
        commit=COMMIT(),
        policy_version=policy_version(),
        time=clock.now(),
    )


@api.get(
    "/v1/health/ready",
    public=True,
    in_maintenance=True,
    also=(503,),
    grants=[Grant.HEALTH, Grant.SECRET_TOKENS_VERIFY],
    timeout=10,
)
def health_ready() -> Answer[Readiness]:
    """Whether table, bucket, secrets and queues answer.

    One cheap call each, side by side, 2 seconds at most, kept for 5 seconds. Answers 503 with the same shape when one
    of them failed; what failed about it is told to nobody outside.
    """
    found = {name: DependencyCheck(ok=one.ok, ms=one.ms) for name, one in readiness.check().items()}
    ready = all(one.ok for one in found.values())
    answer = Readiness(status="ready" if ready else "degraded", checks=DependencyChecks.model_validate(found))
    return Answer(answer, status=200 if ready else 503)
