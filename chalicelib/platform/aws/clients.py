"""AWS clients. None is built before it is used; time-outs are short (connect 1 s; read 2 s for the table)."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from botocore.client import BaseClient
from botocore.config import Config
from botocore.session import Session

_lock = threading.RLock()
_clients: dict[str, Any] = {}
_session: Session | None = None
_on_build: list[Callable[[str, Any], None]] = []


def _build(service: str, read_timeout: float, attempts: int, **extra: Any) -> BaseClient:
    global _session
    config = Config(
        connect_timeout=1,
        read_timeout=read_timeout,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=32,
        signature_version=extra.pop("signature_version", None),
        s3=extra.pop("s3", None),
    )
    # boto3 on top of botocore would add its object interface and S3's file transfers, which nothing here uses.
    _session = _session or Session()
    client: BaseClient = _session.create_client(service, region_name=region(), config=config, **extra)
    for hook in _on_build:
        hook(service, client)
    return client


def region() -> str:
    """The region of this stage."""
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "ap-south-1"


def _client(service: str, read_timeout: float = 5, attempts: int = 3, *, name: str | None = None, **extra: Any) -> Any:
    key = name or service
    known = _clients.get(key)
    if known is not None:
        return known
    with _lock:
        if key not in _clients:
            _clients[key] = _build(service, read_timeout, attempts, **extra)
        return _clients[key]


def on_build(hook: Callable[[str, Any], None]) -> None:
    """Call ``hook(service, client)`` for every client built from now on (the meter's counters)."""
    _on_build.append(hook)


def forget() -> None:
    """Drop all clients: the next use builds them anew (tests and the local cloud, when the endpoint moves)."""
    global _session
    with _lock:
        _clients.clear()
        _session = None


def dynamodb() -> Any:
    """The table's client; it tries once, since the store does the retries (HTTP-28)."""
    return _client("dynamodb", read_timeout=2, attempts=1)


def s3() -> Any:
    """The bucket's client for everything that the backend itself reads and writes."""
    return _client("s3", read_timeout=8)


def s3_signer() -> Any:
    """Signs upload addresses, never called itself. ``UPLOAD_ENDPOINT_URL`` is where browsers reach the bucket."""
    endpoint = os.environ.get("UPLOAD_ENDPOINT_URL") or None
    return _client(
        "s3",
        name=f"s3-signer {endpoint}",
        endpoint_url=endpoint,
        signature_version="s3v4",
        s3={"addressing_style": "path" if endpoint else "virtual"},
    )


def sqs() -> Any:
    """Queues."""
    return _client("sqs")


def ssm() -> Any:
    """Parameters."""
    return _client("ssm")


def ses() -> Any:
    """E-mail; it tries once, since a second try of its own could send twice."""
    return _client("sesv2", read_timeout=8, attempts=1)


def stepfunctions() -> Any:
    """State machines."""
    return _client("stepfunctions")
