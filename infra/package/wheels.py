"""The libraries of ``requirements.txt`` as wheels of the Lambda platform, never the builder's own (DEP-01).

botocore is packed although the Lambda image has one: the image's version changes when AWS changes it, the packed one is
the one that the tests ran with. Without the services that nothing calls it is small. boto3 is a tool of development.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from infra.package.stages import ROOT

REQUIREMENTS = ROOT / "requirements.txt"
PYTHON = "3.13"
GLIBC = range(34, 16, -1)
"""Minor versions of glibc 2 that the Lambda image (Amazon Linux 2023) can run, newest first."""

SERVICES = frozenset({"dynamodb", "s3", "sesv2", "sqs", "ssm", "stepfunctions"})
"""AWS services whose descriptions stay in botocore."""
CHALICE = frozenset({"__init__.py", "app.py"})
"""What ``app.py`` needs of Chalice; the rest is its command line."""
_UNUSED_FOLDERS = frozenset({"__pycache__", "bin", "tests", "test"})
_UNUSED_SUFFIXES = frozenset({".pyc", ".pyi", ".pxd", ".h", ".c"})
_METADATA = frozenset({"METADATA", "LICENSE", "NOTICE", "COPYING", "AUTHORS"})


class PackagingFailed(Exception):
    """The application could not be built; one line that says why."""


def platforms() -> list[str]:
    """The platform tags that pip may choose from, best first."""
    return [*(f"manylinux_2_{minor}_x86_64" for minor in GLIBC), "manylinux2014_x86_64"]


def installed(build: Path) -> Path:
    """The folder with all libraries, installed anew unless the requirements are those of the last time."""
    wanted = hashlib.sha256(
        "\n".join([PYTHON, *platforms(), REQUIREMENTS.read_text(encoding="utf-8")]).encode()
    ).hexdigest()
    target = build / "libraries" / wanted[:16]
    if (target / ".complete").is_file():
        return target
    shutil.rmtree(build / "libraries", ignore_errors=True)
    install(target, ["--requirement", str(REQUIREMENTS)])
    (target / ".complete").touch()
    return target


def install(target: Path, what: list[str]) -> None:
    """Have pip put wheels of the Lambda platform, and nothing that they need, into a new folder."""
    target.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    # Every requirement is listed, so none is looked for: Chalice's own are those of its command line.
    command += ["--no-deps", "--no-compile", "--only-binary=:all:", "--target", str(target)]
    command += ["--python-version", PYTHON, "--implementation", "cp"]
    for platform in platforms():
        command += ["--platform", platform]
    command += what
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        raise PackagingFailed(f"pip could not install the libraries:\n{result.stderr.strip()[-2000:]}")


def needed(path: PurePosixPath) -> bool:
    """Whether a file of the installed libraries is packed."""
    parts = path.parts
    if path.suffix in _UNUSED_SUFFIXES or _UNUSED_FOLDERS.intersection(parts[:-1]) or path.name == ".complete":
        return False
    if parts[0].endswith(".dist-info"):
        # RECORD and its like differ from machine to machine; licences have to travel with what they license.
        return "licenses" in parts or path.name.partition(".")[0] in _METADATA
    if parts[0] == "chalice":
        return len(parts) == 2 and path.name in CHALICE
    if parts[:2] == ("botocore", "data"):
        return len(parts) == 3 or parts[2] in SERVICES
    return True


def files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name in the application and place on disk of every library file that is packed."""
    for path in sorted(folder.rglob("*")):
        name = PurePosixPath(path.relative_to(folder).as_posix())
        if path.is_file() and needed(name):
            yield str(name), path
