"""Looking into an uploaded file by ranges (FILE-36): at most 8 MiB are read and memory stays flat, whatever its size.

The looking itself is ``content.pdf_reader``, a process that is killed when it takes too long: that is
a refusal, never our error.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial

from chalicelib.platform import settings
from chalicelib.platform.parallel import together
from chalicelib.platform.records import frozen

MAX_PDF_PAGES = settings.integer("MAX_PDF_PAGES", default=2_000, minimum=1, maximum=20_000)

READ_BUDGET = 8 * 1024 * 1024
MAX_LINE = 2 * 1024 * 1024
MAX_RANGES = 50_000

UNREADABLE = "PDF_UNREADABLE"
TOO_COMPLEX = "PDF_TOO_COMPLEX"
FAILED = "INSPECTION_FAILED"
REASONS = (UNREADABLE, TOO_COMPLEX, "PDF_ENCRYPTED", "PDF_ACTIVE_CONTENT", "PDF_TOO_MANY_PAGES", FAILED)
"""Why a file is refused; TOO_COMPLEX: within the limits of time, memory and bytes read, no end was found."""

_PROGRAM = "chalicelib.content.pdf_reader"

ReadRange = Callable[[int, int], bytes]
"""The bytes from the first to the last offset, both included; exactly those."""


@frozen
class Verdict:
    """What was found: the number of pages, or why the file is refused."""

    page_count: int | None = None
    refused: str | None = None


class _OverBudget(Exception):
    """The reader asked for more than anybody needs who looks into a sound file."""


def inspect_pdf(size: int, read: ReadRange, *, seconds: int) -> Verdict:
    """Look into a PDF of ``size`` bytes; ``seconds`` of time, processor time included.

    What ``read`` raises (the bucket does not answer) is raised; everything else is a verdict.
    """
    arguments = [sys.executable, "-P", "-m", _PROGRAM, str(size), str(MAX_PDF_PAGES()), str(seconds)]
    # No variable of ours goes along, least of all credentials: only where libraries are.
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(  # noqa: S603  # our own program, and numbers
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
    )
    timer = threading.Timer(seconds, process.kill)
    timer.daemon = True
    timer.start()
    try:
        return _converse(process, read)
    except (_OverBudget, BrokenPipeError):
        return Verdict(refused=TOO_COMPLEX)
    finally:
        timer.cancel()
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Leave nothing of it behind; what it did not take any more is no error."""
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
    process.wait()


def _converse(process: subprocess.Popen[bytes], read: ReadRange) -> Verdict:
    if process.stdin is None or process.stdout is None:
        raise RuntimeError("the reader has no pipes")
    spent = 0
    while line := process.stdout.readline(MAX_LINE):
        message = json.loads(line) if line.endswith(b"\n") else {}
        if "read" not in message:
            return _verdict(message)
        ranges = [(int(first), int(length)) for first, length in message["read"]]
        spent += sum(length for _, length in ranges)
        if spent > READ_BUDGET or len(ranges) > MAX_RANGES:
            raise _OverBudget
        contents = together(*(partial(read, first, first + length - 1) for first, length in ranges))
        for content in contents:
            if isinstance(content, bytes):
                process.stdin.write(content)
        process.stdin.flush()
    # Ended without a word: by our clock, by its limits, or by a crash of the parser.
    return Verdict(refused=TOO_COMPLEX)


def _verdict(message: dict[str, object]) -> Verdict:
    pages, refused = message.get("pages"), message.get("refused")
    if isinstance(pages, int):
        return Verdict(page_count=pages)
    return Verdict(refused=refused if refused in REASONS and isinstance(refused, str) else UNREADABLE)
