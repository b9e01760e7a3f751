"""The Cedar policies as ``make check`` looks at them (ACC-59): valid against their schema, and formatted."""

from __future__ import annotations

import cedarpy

from chalicelib.platform.access.policies import POLICY_FOLDER, policy_text, schema_text

LINE_WIDTH = 120


def formatted(text: str) -> str:
    """A file of policies as Cedar's own formatter writes it."""
    return cedarpy.format_policies(text, LINE_WIDTH, 2).rstrip("\n") + "\n"


def write() -> None:
    """Format every file."""
    for path in sorted(POLICY_FOLDER.glob("*.cedar")):
        path.write_text(formatted(path.read_text("utf-8")), "utf-8")


def problems() -> list[str]:
    """What is wrong with the policies; validation is strict."""
    found = [f"policies: {error}" for error in cedarpy.validate_policies(policy_text(), schema_text()).errors]
    texts = {path.name: path.read_text("utf-8") for path in sorted(POLICY_FOLDER.glob("*.cedar"))}
    unformatted = [name for name, text in texts.items() if formatted(text) != text]
    return [*found, *(f"policies: {name} is not formatted; run make fmt" for name in unformatted)]
