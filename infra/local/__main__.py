"""``python -m infra.local run|stop|demo`` (LOC-01, LOC-12)."""

from __future__ import annotations

import sys

from infra.local.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
