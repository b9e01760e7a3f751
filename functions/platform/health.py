"""Whether the backend is up."""

from __future__ import annotations

from typing import Literal

from chalicelib.platform import clock, settings
from chalicelib.platform.http import Instant, ResponseModel, api

VERSION = settings.text("APP_VERSION", default="dev")
COMMIT = settings.text("APP_COMMIT", default="unknown")


class Health(ResponseModel):
    """What runs here."""

    status: Literal["ok"]
    stage: str
    version: str
    commit: str
    time: Instant


@api.get("/v1/health", public=True, in_maintenance=True)
def health() -> Health:
    """Whether the function answers.

    Makes no AWS call.
    """
    return Health(status="ok", stage=settings.STAGE(), version=VERSION(), commit=COMMIT(), time=clock.now())
