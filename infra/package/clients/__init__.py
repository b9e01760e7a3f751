"""Clients made from the OpenAPI document (HTTP-66), in ``build/clients``: a Postman collection and a TypeScript client.

Made with libraries of npm, pinned in ``package.json`` and by checksum in ``package-lock.json``, installed once under
``.local/clients``; compiled strictly together with ``example.ts``. Needs Node.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

from infra.package import openapi
from infra.package.clients import postman
from infra.package.release import BUILD, settings_of_release
from infra.package.wheels import PackagingFailed

HERE = Path(__file__).resolve().parent
TOOLS = openapi.ROOT / ".local" / "clients"
TARGET = BUILD / "clients"
COLLECTION = "pathshala.postman_collection.json"
SKIPPED = "The clients are not checked: that needs Node 20 or newer with npm, which is not here"
_SOURCES = ("client.ts", "example.ts", "tsconfig.json")
_PINS = ("package.json", "package-lock.json")
_SECONDS = 300
_OPTIONS = (
    "folderStrategy=Tags,requestParametersResolution=Example,exampleParametersResolution=Example,"
    "enableOptionalParameters=false,includeDeprecated=true"
)

_READ = """
import sdk from "postman-collection";
import fs from "node:fs";
const [file, count] = process.argv.slice(1);
let found = 0;
new sdk.Collection(JSON.parse(fs.readFileSync(file))).forEachItem(() => { found += 1; });
if (found !== Number(count)) { console.error(`${found} of ${count} requests`); process.exit(1); }
"""
"""Postman's own library reads what was written."""


def node_is_here() -> bool:
    """Whether what makes the clients can run."""
    return shutil.which("node") is not None and shutil.which("npm") is not None


def problems(document: Path = openapi.COMMITTED, target: Path = TARGET) -> list[str]:
    """Make the clients and compile them; nothing is done again while nothing of it has changed."""
    marked, digest = target / ".made-from", _digest(document)
    if marked.is_file() and marked.read_text("utf-8") == digest:
        return []
    if not node_is_here():
        print(SKIPPED)
        return []
    try:
        make(document, target)
    except PackagingFailed as failure:
        return [str(failure)]
    marked.write_text(digest, "utf-8")
    return []


def make(document: Path = openapi.COMMITTED, target: Path = TARGET) -> list[str]:
    """Write both clients; a line about each. Raises ``PackagingFailed`` with what the compiler says."""
    _install()
    target.mkdir(parents=True, exist_ok=True)
    return [_typescript(document, target / "typescript"), _postman(document, target / COLLECTION)]


def _digest(document: Path) -> str:
    found = hashlib.sha256(document.read_bytes())
    for path in sorted(HERE.glob("*")):
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()


def _install() -> None:
    """The pinned libraries, unless they are here already."""
    wanted = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in _PINS)).hexdigest()
    marked = TOOLS / "node_modules" / ".pinned"
    if marked.is_file() and marked.read_text("utf-8") == wanted:
        return
    TOOLS.mkdir(parents=True, exist_ok=True)
    for name in _PINS:
        shutil.copy(HERE / name, TOOLS / name)
    _run("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    marked.write_text(wanted, "utf-8")


def _run(*command: str) -> None:
    ran = subprocess.run(command, cwd=TOOLS, check=False, capture_output=True, text=True, timeout=_SECONDS)
    if ran.returncode != 0:
        said = (ran.stdout + ran.stderr).strip()[-2_000:]
        raise PackagingFailed(f"{Path(command[0]).name} {command[1]} failed:\n{said}")


def tool(name: str) -> str:
    """Where a program of the pinned libraries is."""
    return str(TOOLS / "node_modules" / ".bin" / name)


def _typescript(document: Path, target: Path) -> str:
    for name in _SOURCES:
        shutil.copy(HERE / name, TOOLS / name)
    # What has a default need not be sent.
    _run(tool("openapi-typescript"), str(document), "--default-non-nullable=false", "--output", "schema.d.ts")
    _run(tool("tsc"), "--noEmit", "--strict", "--project", ".")
    target.mkdir(parents=True, exist_ok=True)
    for name in (*_SOURCES, "schema.d.ts"):
        shutil.copy(TOOLS / name, target / name)
    pinned = json.loads((HERE / "package.json").read_text("utf-8"))["devDependencies"]
    package = {
        "name": "pathshala-client",
        "version": settings_of_release()["APP_VERSION"],
        "type": "module",
        "main": "client.ts",
        "dependencies": {"openapi-fetch": pinned["openapi-fetch"]},
        "devDependencies": {"typescript": pinned["typescript"]},
    }
    (target / "package.json").write_text(json.dumps(package, indent=2) + "\n", "utf-8")
    return f"{target}: compiled"


def _postman(document: Path, target: Path) -> str:
    raw = TOOLS / "collection.json"
    _run(tool("openapi2postmanv2"), "--spec", str(document), "--output", str(raw), "--options", _OPTIONS)
    described = json.loads(document.read_text("utf-8"))
    collection = postman.finished(json.loads(raw.read_text("utf-8")), described)
    target.write_text(json.dumps(collection, indent=1, ensure_ascii=False) + "\n", "utf-8")
    _run("node", "--input-type=module", "--eval", _READ, str(target), str(postman.count(described)))
    return f"{target}: {postman.count(described)} requests"
