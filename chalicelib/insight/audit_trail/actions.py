"""The actions that entries can name: those that code declares, and staff's that were refused (AUD-03).

A container loads the modules of one function, so it cannot ask the declarations: ``actions.json`` is made from them by
``make docs``, committed, packed and compared by ``make check``.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.audit import declared

FILE = Path(__file__).with_name("actions.json")


@lru_cache(maxsize=1)
def known() -> dict[str, str]:
    """Description by name, sorted."""
    found: dict[str, str] = json.loads(FILE.read_text("utf-8"))
    return found


def text() -> str:
    """The file, from everything that is declared in this process: for packaging, which loads all of it."""
    refused = {
        action.name: f"Somebody was refused {action.name}" for action in Actions.all().values() if action.for_staff
    }
    written = {action.name: action.description for action in declared().values()}
    return json.dumps({**refused, **written}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
