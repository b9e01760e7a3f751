"""A program that does what it is told: ``python -m tests.platform.confined.program <limits …> <what> …``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from chalicelib.platform.confined.inside import Answer, Pipe, serve


def _work(pipe: Pipe, arguments: list[str]) -> Answer:
    what, *given = arguments
    if what == "spin":
        while time.monotonic():
            pass
    if what == "hog":
        return {"held": len(bytearray(int(given[0])))}
    if what == "write":
        Path(given[0]).write_bytes(bytes(int(given[1])))
    if what == "read":
        return {"read": [part.decode() for part in pipe.fetch([(0, int(given[0])), (2, 3)])]}
    if what == "body":
        return {"sent": True}, bytes(int(given[0]))
    if what == "crash":
        os.abort()
    if what == "babble":
        sys.stdout.write("what is this?\n")
        sys.stdout.flush()
    return {"environment": sorted(os.environ)}


if __name__ == "__main__":
    serve(_work)
