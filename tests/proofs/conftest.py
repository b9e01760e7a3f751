"""A local cloud of its own for the proofs, on free ports; or one that runs: ``PROOF_RUN=.local/run.json``."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.identity.external.provider import AUDIENCE, Provider
from tests.proofs.academy import Academy

INHERITED = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "ENGINE", "AWS_ENDPOINT_URL")
"""What the local cloud has of this process: not the settings of the emulated cloud that other tests run in it."""


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]
    finally:
        for one in sockets:
            one.close()


@pytest.fixture(scope="session")
def provider() -> Iterator[Provider]:
    """An OpenID Connect provider that the local cloud trusts, beside its own sign-in."""
    with Provider() as running:
        yield running


@pytest.fixture(scope="session")
def academy(tmp_path_factory: pytest.TempPathFactory, provider: Provider) -> Iterator[Academy]:
    """The running local cloud."""
    running = os.environ.get("PROOF_RUN")
    if running:
        yield Academy(json.loads(Path(running).read_text("utf-8")))
        return
    folder = tmp_path_factory.mktemp("local")
    api, phonepe, moto = _free_ports(3)
    environment = {
        **{name: os.environ[name] for name in INHERITED if name in os.environ},
        "PORT": str(api),
        "PHONEPE_PORT": str(phonepe),
        "MOTO_PORT": str(moto),
        "DETACH": "1",
        "LOCAL_FOLDER": str(folder),
        # The proofs are one address with many people; what they do not prove must not stop them.
        "RATE_DEFAULT": "off",
        "RATE_WEBHOOK": "off",
        "RATE_REGISTER": "off",
        "RATE_REGISTER_DAY": "off",
        "RATE_INVITE": "off",
        "AUTH_PROVIDERS": "local,external",
        "OIDC_ISSUER": provider.url,
        "OIDC_AUDIENCE": AUDIENCE,
        "OIDC_PROVISION": "link",
        # Everything that a deployed stage would log, so that a proof can read it.
        "LOG_LEVEL": "INFO",
    }

    def command(name: str, seconds: int) -> None:
        subprocess.run(
            [sys.executable, "-m", "infra.local", name], cwd=ROOT, env=environment, check=True, timeout=seconds
        )

    command("run", 300)
    try:
        academy = Academy(json.loads((folder / "run.json").read_text("utf-8")), folder / "run.log")
        academy.rotate_keys = lambda: command("rotate-keys", 60)
        yield academy
    finally:
        command("stop", 30)
