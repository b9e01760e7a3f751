"""The loaded demo academy, kept under ``.local/`` so that starting again and a reset take moments.

A snapshot counts for one day, one state of the code that made it, and the secrets that its data was made with.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chalicelib.platform import clock
from infra.local import aws_data
from infra.local.aws_data import MotoTable
from infra.local.dynamodb_local import DynamoLocal
from infra.local.moto_values import inward, outward
from infra.local.running import Running

ROOT = Path(__file__).resolve().parents[3]
MADE_BY = ("chalicelib", "functions", "policies/access", "infra/local/demo", "infra/workflows")
NAME = "demo.json.gz"
OBJECTS = "objects.json.gz"


def fingerprint(running: Running) -> str:
    """What a snapshot must have been made by."""
    digest = hashlib.sha256()
    for folder in MADE_BY:
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(str(path.relative_to(ROOT)).encode())
                digest.update(path.read_bytes())
    digest.update(json.dumps(running.emulator.secrets, sort_keys=True).encode())
    digest.update(clock.academy_day(clock.now()).isoformat().encode())
    return digest.hexdigest()


def _each(change: Callable[[Any], Any], item: dict[str, Any]) -> dict[str, Any]:
    return {name: change(value) for name, value in item.items()}


def save(running: Running) -> None:
    """Keep what is in table and bucket."""
    if not isinstance(running.emulator.table, MotoTable) or running.emulator.keep is None:
        return
    kept = {
        "fingerprint": fingerprint(running),
        "items": [_each(outward, item) for item in running.emulator.table.items()],
        "objects": aws_data.versions(),
    }
    path = running.emulator.keep / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(gzip.compress(json.dumps(kept).encode(), 1))


def restore(running: Running) -> bool:
    """Put a snapshot into an empty stage; whether there was one that counts."""
    table, keep = running.emulator.table, running.emulator.keep
    if not isinstance(table, MotoTable) or keep is None or not (keep / NAME).is_file():
        return False
    try:
        kept: dict[str, Any] = json.loads(gzip.decompress((keep / NAME).read_bytes()))
    except (OSError, ValueError):
        return False
    if kept.get("fingerprint") != fingerprint(running):
        return False
    # Between two turns of the pumps: what is put back is no news, and their place in the stream is gone with it.
    with running.moving:
        table.put([_each(inward, item) for item in kept["items"]])
        aws_data.put_versions(kept["objects"])
        running.emulator.pumps.reset()
    return True


def keep_objects(running: Running) -> None:
    """Beside a table that outlives the process: the bucket's objects."""
    keep = running.emulator.keep
    if keep is None or not isinstance(running.emulator.table, DynamoLocal):
        return
    path = keep / OBJECTS
    path.touch(mode=0o600)
    path.write_bytes(gzip.compress(json.dumps(aws_data.versions()).encode(), 1))


def found_objects(running: Running) -> bool:
    """Put back the objects of a table that was kept; False when its first loading never came to its end."""
    keep = running.emulator.keep
    if keep is None or not (keep / OBJECTS).is_file():
        return False
    aws_data.put_versions(json.loads(gzip.decompress((keep / OBJECTS).read_bytes())))
    return True
