"""``python -m infra.local.phonepe``: the simulator alone, with sandbox credentials that it prints.

To point an official SDK at it, use its URL in place of ``https://api-preprod.phonepe.com``; the prefix
``/apis/pg-sandbox`` works as it is.
"""

from __future__ import annotations

import argparse
from threading import Event

from infra.local.phonepe.config import SimulatorConfig
from infra.local.phonepe.server import start

SANDBOX = SimulatorConfig(
    merchant_id="PGLOCALUAT",
    salts={1: "00000000-0000-4000-8000-000000000001"},
    client_id="PGLOCALUAT_CLIENT",
    client_secret="local-client-secret",  # noqa: S106 - a sandbox that exists only on this machine
    client_version="1",
    webhook_username="pathshala_local",
    webhook_password="LocalWebhook1",  # noqa: S106 - likewise
    webhook_url="http://127.0.0.1:8000/v1/payments/webhook/phonepe",
)


def main(arguments: list[str] | None = None) -> None:
    """Runs until interrupted."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.phonepe", description="A local PhonePe.")
    parser.add_argument("--port", type=int, default=8001)
    parser.add_argument("--webhook-url", default=SANDBOX.webhook_url)
    options = parser.parse_args(arguments)
    SANDBOX.webhook_url = options.webhook_url
    simulator = start(options.port, SANDBOX)
    print(f"PhonePe simulator at {simulator.url}")
    print(f"  V2 client {SANDBOX.client_id} / {SANDBOX.client_secret} / version {SANDBOX.client_version}")
    print(f"  V1 merchant {SANDBOX.merchant_id}, salt {SANDBOX.salts[1]} index 1")
    print(f"  webhooks to {SANDBOX.webhook_url} as {SANDBOX.webhook_username} / {SANDBOX.webhook_password}")
    try:
        Event().wait()
    except KeyboardInterrupt:
        simulator.stop()


if __name__ == "__main__":
    main()
