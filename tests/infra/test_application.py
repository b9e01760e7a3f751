"""The application archive: what is in it, that it is the same each time, and that it runs on the Lambda's Python."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from chalicelib.platform import registry
from chalicelib.platform.function import Layer
from infra.package import application, layers, release, wheels
from infra.package.application import UNZIPPED_LIMIT, ZIPPED_LIMIT, Application
from infra.package.stages import ROOT
from infra.package.wheels import PackagingFailed
from tests.content.paper import pdf

LAMBDA = {"python_version": "3.13", "python_full_version": "3.13.0", "sys_platform": "linux", "os_name": "posix"}
LAMBDA |= {"platform_system": "Linux", "platform_machine": "x86_64", "implementation_name": "cpython", "extra": ""}
IMPORT_ALL = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps(sorted({getattr(one, "__file__", None) or "" for one in list(sys.modules.values())})))
"""


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Application:
    return release.application(tmp_path_factory.mktemp("package") / "application.zip")


NOT_NEEDED = {("pikepdf", "lxml"), ("pikepdf", "packaging")}
"""Only its metadata editor and its command line need them; that the rest works without is shown below."""


def _plain(name: str) -> str:
    """A distribution's name as packaging compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _pinned() -> dict[str, str]:
    lines = wheels.REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    found: dict[str, str] = {}
    for line in lines:
        plain = line.partition("#")[0].strip()
        if plain:
            name, _, version = plain.partition("==")
            assert version, f"{plain} is not pinned"
            found[_plain(name)] = version
    return found


@pytest.mark.rule("DEP-01")
def test_every_requirement_is_pinned_and_none_is_missing() -> None:
    pinned = _pinned()
    for name in pinned:
        if name in {"chalice", "tzdata"}:
            # Of Chalice only its application object is packed, which needs nothing; tzdata has no code.
            continue
        for needed in distribution(name).requires or []:
            requirement = Requirement(needed)
            if (name, _plain(requirement.name)) in NOT_NEEDED:
                continue
            if requirement.marker is None or requirement.marker.evaluate(LAMBDA):
                assert _plain(requirement.name) in pinned, f"{name} needs {requirement}"


_PRESSED = """
import sys
sys.modules.update(dict.fromkeys(("lxml", "packaging")))
from chalicelib.content.pdf_press.cut import preview
from chalicelib.content.pdf_press.pack import pack
print(pack(sys.argv[1], sys.argv[2]), preview(sys.argv[1], sys.argv[2], 1))
"""


@pytest.mark.rule("DEP-01", "FILE-65")
def test_pdfs_are_pressed_without_what_is_not_packed(tmp_path: Path) -> None:
    whole = tmp_path / "whole.pdf"
    whole.write_bytes(pdf(2))
    command = [sys.executable, "-c", _PRESSED, str(whole), str(tmp_path / "copy.pdf")]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "{'pages': 2" in said
    assert "{'pages': 1}" in said


def _imported() -> set[str]:
    """Top-level names that the backend's modules import from elsewhere."""
    found: set[str] = set()
    for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"chalicelib", "functions"}


@pytest.mark.rule("DEP-01", "DEP-12")
def test_what_is_imported_is_required_and_what_is_required_is_imported() -> None:
    owners = packages_distributions()
    imported = {_plain(owners[name][0]) for name in _imported()}
    text = wheels.REQUIREMENTS.read_text(encoding="utf-8").partition("# Needed by the above")[0]
    direct = {_plain(line.partition("==")[0]) for line in text.splitlines() if "==" in line}
    layered = {_plain(pin.partition("==")[0]) for layer in Layer for pin in layers.pins(layer)}
    assert imported <= set(_pinned()) | layered
    assert direct - {"tzdata"} <= imported


@pytest.mark.rule("DEP-01")
def test_the_same_inputs_give_the_same_bytes(built: Application, tmp_path: Path) -> None:
    again = release.application(tmp_path / "again.zip")
    assert again.sha256 == built.sha256
    assert again.path.read_bytes() == built.path.read_bytes()


@pytest.mark.rule("DEP-01")
def test_entries_are_sorted_and_carry_no_time_of_building(built: Application) -> None:
    with zipfile.ZipFile(built.path) as archive:
        entries = archive.infolist()
    found = [entry.filename for entry in entries]
    assert found == sorted(set(found))
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert not [name for name in found if name.endswith((".pyc", "/RECORD", "/INSTALLER", "/direct_url.json"))]


@pytest.mark.rule("DEP-01", "LOC-11")
def test_the_archive_has_what_functions_need_and_nothing_of_the_laptop(built: Application) -> None:
    with zipfile.ZipFile(built.path) as archive:
        found = set(archive.namelist())
        document = json.loads(archive.read("docs/openapi.json"))
    assert document["openapi"].startswith("3.1")
    assert {"app.py", "policies/access/schema.cedarschema", "chalice/app.py"} <= found
    for function in registry.load_all().values():
        assert f"{function.module.replace('.', '/')}.py" in found
    first = {name.partition("/")[0] for name in found}
    assert not {"infra", "tests", "moto", "samtranslator", "typst"} & first
    assert not [name for name in found if name.startswith("policies/iam/")]


@pytest.mark.rule("DEP-03")
def test_the_archive_is_small_enough(built: Application) -> None:
    assert built.zipped <= ZIPPED_LIMIT
    assert built.unzipped <= UNZIPPED_LIMIT


@pytest.mark.rule("DEP-01")
def test_botocore_knows_every_service_that_is_called(built: Application) -> None:
    source = (ROOT / "chalicelib" / "platform" / "aws" / "clients.py").read_text(encoding="utf-8")
    called = set(re.findall(r'_client\(\s*"([a-z0-9-]+)"', source))
    assert called <= wheels.SERVICES
    with zipfile.ZipFile(built.path) as archive:
        services = {name.split("/")[2] for name in archive.namelist() if re.match(r"botocore/data/[^/]+/", name)}
    assert services == set(wheels.SERVICES)


@pytest.mark.rule("DEP-01")
def test_nothing_is_packed_twice(tmp_path: Path) -> None:
    folder = tmp_path / "libraries"
    folder.mkdir()
    (folder / "app.py").write_text("", encoding="utf-8")
    with pytest.raises(PackagingFailed, match=r"app\.py would be packed twice"):
        application.contents(folder, {})


@pytest.mark.rule("DEP-03")
def test_an_archive_that_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(application, "UNZIPPED_LIMIT", 10)
    with pytest.raises(PackagingFailed, match="too large"):
        application.write(tmp_path / "application.zip", {"a": b"x" * 11})


def _lambda_python() -> str | None:
    """An interpreter of the Lambda's version, where this machine has one."""
    candidates = [shutil.which(f"python{wheels.PYTHON}")]
    candidates += [str(path) for path in sorted(Path.home().glob(f".pyenv/versions/{wheels.PYTHON}.*/bin/python"))]
    for candidate in filter(None, candidates):
        answer = subprocess.run([candidate, "--version"], check=False, capture_output=True, text=True)
        if answer.returncode == 0 and answer.stdout.startswith(f"Python {wheels.PYTHON}."):
            return candidate
    return None


@pytest.mark.rule("DEP-01", "DEP-02")
def test_every_function_imports_from_the_archive_alone(built: Application, tmp_path: Path) -> None:
    python = _lambda_python()
    if python is None:
        pytest.skip(f"no Python {wheels.PYTHON} on this machine")
    # As Lambda does: the archive is unpacked, and its folder is all there is.
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(tmp_path)
    modules = sorted({function.module for function in registry.load_all().values()})
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
    answer = subprocess.run(
        [python, "-s", "-c", IMPORT_ALL, json.dumps([*modules, "app"])],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**environment, "STAGE": "test", "AWS_DEFAULT_REGION": "ap-south-1"},
    )
    assert answer.returncode == 0, answer.stderr
    loaded = json.loads(answer.stdout)
    assert not [path for path in loaded if "site-packages" in path]


IMPORT_EACH = """
import importlib, json, os, sys
import chalicelib.platform.http, chalicelib.platform.work  # what every function has; then each in a child of its own
for name in json.loads(sys.argv[1]):
    if os.fork() == 0:
        importlib.import_module(name)
        print(json.dumps([name, sorted(sys.modules)]), flush=True)
        os._exit(0)
    if os.wait()[1] != 0:
        sys.exit(name)
"""


@pytest.mark.rule("DEP-12")
def test_a_function_imports_no_other_function_and_no_tools() -> None:
    modules = sorted({function.module for function in registry.load_all().values()})
    answer = subprocess.run(
        [sys.executable, "-c", IMPORT_EACH, json.dumps(modules)], check=True, capture_output=True, text=True, cwd=ROOT
    )
    seen = dict(json.loads(line) for line in answer.stdout.splitlines())
    assert set(seen) == set(modules)
    for module, loaded in seen.items():
        # ``functions.access.things`` declares nothing: it names what decisions can be about.
        own = {module, "functions.access.things"}
        assert {name for name in loaded if name.startswith("functions.") and name.count(".") == 2} - own == set()
        assert not {"boto3", "cedarpy", "chalice", "cryptography", "jwt", "requests", "pypdf"} & set(loaded), module
        assert not {"infra", "moto", "samtranslator"} & set(loaded), module
