"""The one application archive, the same bytes from the same inputs (DEP-01, DEP-03)."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from infra.package import wheels
from infra.package.stages import ROOT
from infra.package.wheels import PackagingFailed

ZIPPED_LIMIT = 50 * 1024 * 1024
UNZIPPED_LIMIT = 200 * 1024 * 1024
FOLDERS = ("chalicelib", "functions", "policies/access")
FILES = ("app.py",)
_TIME = (1980, 1, 1, 0, 0, 0)
_READABLE, _RUNNABLE = 0o100644, 0o100755
_LEFT_OUT = {".pyc", ".pyi"}


@dataclass(frozen=True)
class Application:
    """The archive: where it is, its checksum and its sizes in bytes."""

    path: Path
    sha256: str
    zipped: int
    unzipped: int


def own_files() -> Iterator[tuple[str, Path]]:
    """Name and place of every file of ours."""
    for name in FILES:
        yield name, ROOT / name
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(ROOT).parts)
            if path.is_file() and not hidden and path.suffix not in _LEFT_OUT:
                yield path.relative_to(ROOT).as_posix(), path


def contents(libraries: Path, generated: dict[str, bytes]) -> dict[str, bytes]:
    """Everything in the archive by name. Raises ``PackagingFailed`` for a name that comes twice."""
    found: dict[str, bytes] = dict(generated)
    for name, path in [*own_files(), *wheels.files(libraries)]:
        if name in found:
            raise PackagingFailed(f"{name} would be packed twice")
        found[name] = path.read_bytes()
    return found


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _TIME)
    entry.create_system = 3  # Unix, whatever the builder runs on
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (_RUNNABLE if name.endswith(".so") or ".so." in name else _READABLE) << 16
    return entry


def write(target: Path, given: dict[str, bytes]) -> Application:
    """Write an archive. Raises ``PackagingFailed`` when it is too large for a Lambda."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w") as archive:
        for name in sorted(given):
            archive.writestr(_entry(name), given[name], compresslevel=9)
    zipped, unzipped = target.stat().st_size, sum(len(content) for content in given.values())
    if zipped > ZIPPED_LIMIT or unzipped > UNZIPPED_LIMIT:
        raise PackagingFailed(
            f"the application is too large: {zipped:,} bytes zipped (limit {ZIPPED_LIMIT:,}), "
            f"{unzipped:,} unzipped (limit {UNZIPPED_LIMIT:,})"
        )
    return Application(target, hashlib.sha256(target.read_bytes()).hexdigest(), zipped, unzipped)
