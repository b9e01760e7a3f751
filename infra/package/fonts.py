"""The fonts of typeset documents (SIL Open Font License): from npm with pinned checksums, never committed.

Latin with ₹, and Devanagari; mathematics is in Typst itself. Where npm is not, the demo's Devanagari stands in on a
laptop; a deployment fails instead.
"""

from __future__ import annotations

import fcntl
from functools import lru_cache
from pathlib import Path

from infra.local import npm
from infra.package.stages import ROOT

PACKAGES = (
    (
        "@expo-google-fonts/noto-sans@0.4.2",
        "98cf14a19b8e67a0e76bfd4d5df98937b9734e6dde570bd750f2259042042548",
        "NotoSans",
    ),
    (
        "@expo-google-fonts/noto-sans-devanagari@0.4.1",
        "fb9a4c288af3829f383d945fcec350c8cdf99abf18ffe55c987c495bca42e80e",
        "NotoSansDevanagari",
    ),
)
STYLES = ("400Regular", "700Bold")
LICENCE = "LICENSE_FONT"
STAND_IN = ROOT / "infra" / "local" / "demo" / "fonts"


def files() -> dict[str, bytes]:
    """File name → bytes of every font, and of each family's licence. Raises ``npm.PackageMissing``."""
    found: dict[str, bytes] = {}
    for package, sha256, family in PACKAGES:
        home = npm.unpacked(package, sha256, f"npm-{family}")
        found[f"{family}.LICENSE"] = (home / LICENCE).read_bytes()
        for style in STYLES:
            name = f"{family}_{style}.ttf"
            found[name] = (home / style / name).read_bytes()
    return found


@lru_cache(maxsize=1)
def folder() -> Path:
    """A folder with the fonts, for the local cloud and the tests; the stand-in where npm gives nothing."""
    target = npm.FOLDER / "fonts"
    npm.FOLDER.mkdir(parents=True, exist_ok=True)
    with (npm.FOLDER / "fonts.lock").open("w") as lock:
        # Several test processes may want them at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            wanted = files()
        except npm.PackageMissing:
            return STAND_IN
        target.mkdir(exist_ok=True)
        for name, content in wanted.items():
            if not (target / name).is_file():
                (target / name).write_bytes(content)
    return target
