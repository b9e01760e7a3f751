"""``python -m chalicelib.content.pdf_reader <size> <most pages> <seconds>``; see the package."""

from __future__ import annotations

import logging
import os
import resource
import sys

from chalicelib.content.pdf_reader.look import look
from chalicelib.content.pdf_reader.ranged import Pipe

MEMORY_BYTES = 512 * 1024 * 1024


def main(size: int, max_pages: int, seconds: int) -> None:
    """Run in a process that may use so much memory and processor time and no more."""
    logging.disable(logging.CRITICAL)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    pipe = Pipe(os.fdopen(os.dup(1), "wb"), os.fdopen(0, "rb"))
    pipe.say(look(pipe, size, max_pages))


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:4]))
