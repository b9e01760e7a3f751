"""The signing keys of a running local cloud, rotated from outside as a stage's are: through its parameter store."""

from __future__ import annotations

from collections.abc import Iterator

import requests
from botocore.session import Session

from chalicelib.platform import clock
from infra.local import secrets
from infra.local.emulator import REGION
from infra.local.running import STATE
from infra.package.key_rotation import PRIVATE, PUBLIC, rotate

STAGE = "local"
SECONDS = 10


def rotate_running(api_url: str, storage_url: str) -> Iterator[str]:
    """Rotate, by the clock of the local cloud, which may have been moved; and keep the keys for its next start."""
    told = requests.get(f"{api_url}/_local/clock", timeout=SECONDS)
    told.raise_for_status()
    clock.advance(float(told.json()["offsetSeconds"]))
    ssm = Session().create_client(
        "ssm",
        region_name=REGION,
        endpoint_url=storage_url,
        aws_access_key_id="local",
        aws_secret_access_key="local-secret-access-key",  # noqa: S106  # the emulated AWS asks for some
    )
    done = rotate(ssm, STAGE)
    secrets.replace(STATE, {PRIVATE: done.private, PUBLIC: done.public})
    yield from done.lines()
