"""What the README says works as it says it: its story is run as it stands there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT
from tests.proofs.academy import Academy
from tests.proofs.test_page_05 import pdf_of

README = (ROOT / "README.md").read_text("utf-8")


def blocks(heading: str) -> list[str]:
    """The shell blocks under a heading."""
    section = README.split(f"## {heading}")[1].split("\n## ")[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


@pytest.mark.rule("LOC-01", "LOC-12")
def test_the_story_by_hand(academy: Academy, tmp_path: Path) -> None:
    pdf = tmp_path / "my-notes.pdf"
    pdf.write_bytes(pdf_of(3 * 1024 * 1024))
    (story,) = blocks("The main story, by hand")
    script = story.replace("http://127.0.0.1:8000", academy.api)
    environment = {**os.environ, "PDF": str(pdf), "TMPDIR": str(tmp_path)}
    ran = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    said = ran.stdout.split()
    assert ran.returncode == 0, ran.stderr
    assert said[:3] == ["CONFIRMED", "True", "NO_ENTITLEMENT"]
    assert said[3].startswith("http")
    assert said[4] == "SUCCESS"
    assert said[5].startswith("%PDF-1.")


def test_every_path_that_the_readme_names_is_there() -> None:
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
    for folder in re.findall(r"^\| `([\w./]+)/?`", README, re.MULTILINE):
        assert (ROOT / folder.split("<")[0]).exists(), folder


def test_every_target_that_the_readme_names_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
