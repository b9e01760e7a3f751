"""Secrets of a local stage: made at random, and stored where the backend looks for them (SSM)."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from chalicelib.identity.sessions.keys import new_key, published
from chalicelib.platform import clock
from chalicelib.platform.aws import clients
from chalicelib.platform.secrets import parameter_name

PHONEPE_MERCHANT = "PATHSHALAUAT"
KEPT = "secrets.json"
HISTORY_DAYS = 400
"""The signing key is as old as the demo academy's oldest history: its people signed in then."""


def make() -> dict[str, str]:
    """One value for each secret by its name, in the form that its reader expects."""
    keys = [new_key(active_from=clock.now() - timedelta(days=HISTORY_DAYS))]
    salts = {"1": secrets.token_urlsafe(24)}
    credentials = [{"username": "pathshala_local", "password": secrets.token_hex(12) + "A1"}]
    return {
        "JWT_KEYS": json.dumps(keys),
        "JWT_PUBLIC_KEYS": json.dumps(published(keys)),
        "REFRESH_KEY": secrets.token_urlsafe(32),
        "CURSOR_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "CSRF_KEY": secrets.token_urlsafe(32),
        "DATA_KEY": secrets.token_urlsafe(32),
        "OTP_KEY": secrets.token_urlsafe(32),
        "SUPERADMIN_PASSWORD": "Local-" + secrets.token_urlsafe(15),
        "WATERMARK_KEY": secrets.token_urlsafe(32),
        "WATERMARK_SECRET": json.dumps([{"keyId": "w1", "secret": secrets.token_urlsafe(32)}]),
        "TICKET_KEY": secrets.token_urlsafe(32),
        "STATUS_TOKEN_KEY": secrets.token_urlsafe(32),
        "FILE_SCAN_SECRET": secrets.token_urlsafe(32),
        "PAYER_KEY": secrets.token_urlsafe(32),
        "PHONEPE": json.dumps(
            {
                "merchantId": PHONEPE_MERCHANT,
                "salts": salts,
                "clientId": "PATHSHALA_LOCAL",
                "clientSecret": secrets.token_urlsafe(24),
                "clientVersion": "1",
            }
        ),
        "PHONEPE_WEBHOOK": json.dumps({"credentials": credentials, "salts": salts}),
    }


def store(values: dict[str, str]) -> None:
    """Put them where the backend reads them."""
    for name, value in values.items():
        clients.ssm().put_parameter(Name=parameter_name(name), Value=value, Type="SecureString", Overwrite=True)


def replace(folder: Path, changes: Mapping[str, str]) -> None:
    """Keep other values from now on: after a rotation. Nothing where none are kept."""
    path = folder / KEPT
    if path.is_file():
        known: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**known, **changes}), encoding="utf-8")


def kept(folder: Path) -> dict[str, str]:
    """Those of this machine, made at the first start and for this user's eyes only: kept data was made with them."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / KEPT
    known: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    values = {**make(), **known}
    if values != known:
        path.touch(mode=0o600)
        path.write_text(json.dumps(values), encoding="utf-8")
    return values
