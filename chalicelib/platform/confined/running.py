"""Starting a program on a stranger's file, giving it bytes, and ending it in time."""

from __future__ import annotations

import contextlib
import json
import math
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen

MEBIBYTE = 1024 * 1024
MAX_LINE = 2 * MEBIBYTE
MAX_RANGES = 50_000

ReadRange = Callable[[int, int], bytes]
"""The bytes from the first to the last offset, both included; exactly those."""


@frozen
class Limits:
    """What a program may use: ``seconds`` (of the clock and of the processor), bytes of ``memory``, bytes that it may
    ask for (``reads``), of a file that it writes (``scratch``) and of what follows its answer (``body``).
    """

    seconds: float
    memory: int = 512 * MEBIBYTE
    reads: int = 0
    scratch: int = 0
    body: int = 0


@frozen
class Said:
    """What a program answered. ``answer`` is None when there was none: it was killed, crashed, or asked too much."""

    answer: dict[str, Any] | None = None
    body: bytes = b""


class _Outside(Exception):
    """The program asked for more than it may, or said what none of ours says."""


def run(program: str, *arguments: object, limits: Limits, read: ReadRange | None = None) -> Said:
    """Run ``python -m program``, which serves by ``inside``; it is gone when this returns.

    What ``read`` raises (the bucket does not answer) is raised; everything else that goes wrong is no answer.
    """
    seconds = max(1, math.ceil(limits.seconds))
    command = [sys.executable, "-P", "-m", program, str(limits.memory), str(seconds), str(limits.scratch)]
    process = subprocess.Popen(  # noqa: S603  # our own program, and its arguments are no command line
        [*command, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    )
    timer = threading.Timer(max(0.0, limits.seconds), process.kill)
    timer.daemon = True
    timer.start()
    try:
        return _converse(process, limits, read)
    except (_Outside, BrokenPipeError):
        return Said()
    finally:
        timer.cancel()
        _end(process)


def _environment() -> dict[str, str]:
    """No variable of ours, least of all credentials: only where libraries are. Lambda's Python needs its own place."""
    found = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"}
    if "LD_LIBRARY_PATH" in os.environ:
        found["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of it behind; what it did not take any more is no error."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def _converse(process: subprocess.Popen[bytes], limits: Limits, read: ReadRange | None) -> Said:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the program has no pipes")
    spent = 0
    while line := process.stdout.readline(MAX_LINE):
        message = _message(line)
        if "read" not in message:
            length = int(message.get("body", 0))
            if length > limits.body:
                raise _Outside
            body = process.stdout.read(length)
            return Said(message.get("answer"), body) if len(body) == length else Said()
        ranges = [(int(first), int(length)) for first, length in message["read"]]
        spent += sum(length for _, length in ranges)
        if read is None or spent > limits.reads or len(ranges) > MAX_RANGES:
            raise _Outside
        for content in together(*(partial(read, first, first + length - 1) for first, length in ranges)):
            if isinstance(content, bytes):
                process.stdin.write(content)
        process.stdin.flush()
    # Ended without a word: by our clock, by its limits, or by a crash of the parser.
    return Said()


def _message(line: bytes) -> dict[str, Any]:
    try:
        message = json.loads(line) if line.endswith(b"\n") else None
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise _Outside
    return message
