"""What looking into an uploaded file found: shared by the branches for PDFs and images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from pynamodb.expressions.update import Action

from chalicelib.platform.records import frozen


@frozen
class Examined:
    """``facts``: what the confirmed file keeps; ``meta``: what its audit entry tells; or why it is ``refused``.

    ``packed``: the copy that readers get, ``{object_key, version_id, content_length}``, written unconfirmed; whoever
    commits tags it, or removes it. ``checksum``: the SHA-256 (base64) of the bytes, where they were read anyway.
    """

    facts: Sequence[Action] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    refused: str | None = None
    packed: Mapping[str, Any] | None = None
    checksum: str | None = None


class TakesLonger(Exception):
    """Not to be settled within a request: the worker looks into it (FILE-37)."""
