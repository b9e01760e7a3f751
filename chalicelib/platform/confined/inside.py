"""The program's side: its limits, its wishes, its answer."""

from __future__ import annotations

import io
import json
import logging
import os
import resource
import sys
from collections.abc import Callable
from typing import Any

Answer = dict[str, Any] | tuple[dict[str, Any], bytes]
"""What a program says at its end: members of one JSON object, and bytes that follow it."""

TOO_MUCH: dict[str, Any] = {"failed": "TOO_MUCH"}
"""The answer of one that needs more memory, or writes longer files, than it may."""


class Cut(Exception):
    """The parent gave fewer bytes than were asked for."""


class Pipe:
    """The parent: gives bytes for ranges."""

    def __init__(self, wishes: io.BufferedWriter, given: io.BufferedReader) -> None:
        self._wishes = wishes
        self._given = given

    def say(self, message: dict[str, Any], body: bytes = b"") -> None:
        """Write one line, and bytes behind it."""
        self._wishes.write(json.dumps(message).encode() + b"\n" + body)
        self._wishes.flush()

    def fetch(self, ranges: list[tuple[int, int]]) -> list[bytes]:
        """The bytes of all ranges ``(first, length)``, asked for at once; ``Cut`` when they end early."""
        self.say({"read": ranges})
        found = []
        for _, length in ranges:
            content = self._given.read(length)
            if len(content) != length:
                raise Cut
            found.append(content)
        return found


def serve(work: Callable[[Pipe, list[str]], Answer]) -> None:
    """Run ``work(pipe, arguments)`` within the limits that the parent named first, and say what it answers.

    What ``work`` raises ends the process without an answer, but for memory: that is ``TOO_MUCH``.
    """
    logging.disable(logging.CRITICAL)
    memory, seconds, scratch = (int(argument) for argument in sys.argv[1:4])
    for limit, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, scratch),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (value, value))
    pipe = Pipe(os.fdopen(os.dup(1), "wb"), os.fdopen(0, "rb"))
    try:
        answer = work(pipe, sys.argv[4:])
    except MemoryError:
        answer = TOO_MUCH
    said, body = answer if isinstance(answer, tuple) else (answer, b"")
    pipe.say({"answer": said, "body": len(body)}, body)
