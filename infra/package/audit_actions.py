"""``actions.json`` of the audit explorer: every action that code can write, from the declarations (AUD-03)."""

from __future__ import annotations

from chalicelib.insight.audit_trail import actions
from chalicelib.platform import registry


def text() -> str:
    """The file of all that is declared."""
    registry.load_all()
    return actions.text()


def write() -> str:
    """Write it anew; one line about it."""
    actions.FILE.write_text(text(), "utf-8")
    return f"{actions.FILE.name}: what audit entries can name"


def outdated() -> bool:
    """Whether the file is not what the declarations say."""
    return not actions.FILE.is_file() or actions.FILE.read_text("utf-8") != text()
