"""Posts a signed sample webhook to a stage, twice by default (PAY-122).

    PHONEPE_WEBHOOK_USERNAME=… PHONEPE_WEBHOOK_PASSWORD=… python -m infra.local.phonepe.replay \\
        --url https://api.example.in/v1/payments/webhook/phonepe --order TXN01… --amount 118000

The stage's secret comes from the environment (V2: ``PHONEPE_WEBHOOK_USERNAME``,
``PHONEPE_WEBHOOK_PASSWORD``; V1: ``PHONEPE_SALT_KEY``, ``PHONEPE_SALT_INDEX``) or as JSON of the same names
from ``--secret-file`` (``-`` is standard input); it is never an argument and never printed. Exit status: 0
all copies answered 2xx, 1 not all, 2 usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import TextIO

from infra.local.phonepe import contract_v1, shapes_v2
from infra.local.phonepe.state import DECLINED, Attempt, Order, PayState, new_utr
from infra.local.phonepe.webhooks import Message, post_at_once, v1_message, v2_authorization, v2_message

_NAMES = {
    "V1": ("PHONEPE_SALT_KEY",),
    "V2": ("PHONEPE_WEBHOOK_USERNAME", "PHONEPE_WEBHOOK_PASSWORD"),
}


class SecretMissing(ValueError):
    """A needed secret is not there; the text names it and never shows a value."""


def main(arguments: list[str] | None = None, stdin: TextIO | None = None) -> int:
    """Runs the tool; answers the exit status."""
    options = _parser().parse_args(arguments)
    try:
        secret = _secret(options.contract, options.secret_file, stdin or sys.stdin)
        message = _message(options, secret)
    except SecretMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    answers: list[int | None] = []
    lock = Lock()

    def seen(copy: int, status: int | None) -> None:
        with lock:
            answers.append(status)
            print(f"{message.event} copy {copy}: {status or 'no answer'}")

    post_at_once(replace(message, copies=options.copies), options.timeout, seen)
    return 0 if all(status is not None and 200 <= status < 300 for status in answers) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m infra.local.phonepe.replay",
        description="Post a signed sample PhonePe webhook to a stage.",
        epilog="Secrets come by environment or --secret-file, see the module's text; never as arguments.",
    )
    parser.add_argument("--url", required=True, help="the stage's webhook URL")
    parser.add_argument("--order", required=True, help="merchantTransactionId, TXN…")
    parser.add_argument("--amount", required=True, type=_paise, help="paise")
    parser.add_argument("--contract", choices=sorted(_NAMES), default="V2")
    parser.add_argument("--outcome", choices=("SUCCESS", "FAILED"), default="SUCCESS")
    parser.add_argument("--copies", type=_copies, default=2, help="how many at once (2)")
    parser.add_argument("--secret-file", help="JSON with the secrets; - for standard input")
    parser.add_argument("--merchant-id", default="PGLOCALUAT")
    parser.add_argument("--transaction-id", help="the gateway's payment id; made up when left out")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds to wait for an answer")
    return parser


def _paise(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("is a whole number of paise, at least 1")
    return int(text)


def _copies(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError("is from 1 to 100")
    return int(text)


def _secret(contract: str, source: str | None, stdin: TextIO) -> Mapping[str, str]:
    given: Mapping[str, str] = os.environ
    if source is not None:
        try:
            read = json.loads(stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # The cause may quote the file's text, so it is not chained.
            raise SecretMissing("--secret-file cannot be read as JSON") from None
        if not isinstance(read, dict):
            raise SecretMissing("--secret-file is not a JSON object")
        given = {str(name): str(value) for name, value in read.items()}
    missing = [name for name in _NAMES[contract] if not given.get(name)]
    if missing:
        raise SecretMissing(f"secret missing: {', '.join(missing)}")
    if not given.get("PHONEPE_SALT_INDEX", "1").isdecimal():
        raise SecretMissing("PHONEPE_SALT_INDEX is not a number")
    return given


def _message(options: argparse.Namespace, secret: Mapping[str, str]) -> Message:
    order = _sample(options)
    if options.contract == "V1":
        salt = (int(secret.get("PHONEPE_SALT_INDEX", "1")), secret["PHONEPE_SALT_KEY"])
        return v1_message(options.order, contract_v1.order_body(order, options.merchant_id), options.url, salt)
    name = "completed" if order.state == "COMPLETED" else "failed"
    ids = {"merchantId": options.merchant_id, "merchantOrderId": options.order}
    payload = ids | shapes_v2.order_body(order, context=True)
    authorization = v2_authorization(secret["PHONEPE_WEBHOOK_USERNAME"], secret["PHONEPE_WEBHOOK_PASSWORD"])
    return v2_message(options.order, f"checkout.order.{name}", payload, options.url, authorization)


def _sample(options: argparse.Namespace) -> Order:
    now = datetime.now(UTC)
    paid = options.outcome == "SUCCESS"
    failure = None if paid else DECLINED
    transaction = options.transaction_id or f"OM{now:%y%m%d%H%M%S%f}"
    state: PayState = "COMPLETED" if paid else "FAILED"
    return Order(
        contract=options.contract,
        merchant_order_id=options.order,
        order_id=f"OMO{now:%y%m%d%H%M%S%f}",
        amount=options.amount,
        created_at=now,
        expires_at=now + timedelta(minutes=30),
        page_token="",
        redirect_url=None,
        state=state,
        failure=failure,
        captured=options.amount if paid else None,
        attempts=[Attempt(transaction, now, options.amount, new_utr(), state, failure)],
    )


if __name__ == "__main__":
    sys.exit(main())
