"""``make package``: the application, the templates of every deployed stage and a list of checksums, in ``build/``."""

from __future__ import annotations

import hashlib
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from chalicelib.platform.function import Layer
from infra.package import layers, names, openapi, stages, wheels
from infra.package.application import Application, contents, write
from infra.package.stages import ROOT
from infra.package.templates import BODY_LIMIT, RESOURCE_LIMIT, Templates, build
from infra.package.wheels import PackagingFailed

BUILD = ROOT / "build"
APPLICATION = "application.zip"
CHECKSUMS = "checksums.txt"
LAMBDA_LIMIT = 250 * 1024 * 1024
"""Of a function's archive and its layers, unpacked."""
DOCUMENT = "docs/openapi.json"
"""Where the functions that serve the API's document look for it."""


@dataclass(frozen=True)
class Release:
    """What was built."""

    application: Application
    templates: dict[str, Templates]
    layers: dict[Layer, Application]

    def lines(self) -> list[str]:
        """For a person."""
        mib = 1024 * 1024
        found = [
            f"{one.path.name}: {one.zipped / mib:.1f} MiB zipped, {one.unzipped / mib:.1f} MiB unzipped, {one.sha256}"
            for one in (self.application, *self.layers.values())
        ]
        for stage, templates in self.templates.items():
            counts = ", ".join(f"{name} {len(stack['Resources'])}" for name, stack in templates.stacks.items())
            found.append(f"{stage}: resources per stack (SAM): {counts}")
        return found


def deployed_stages() -> list[str]:
    """Stages that run on AWS."""
    return [name for name in stages.names() if name not in names.LOCAL_STAGES]


def settings_of_release() -> dict[str, str]:
    """What the running backend says of itself."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        version = str(tomllib.load(file)["project"]["version"])
    answer = subprocess.run(
        ["git", "rev-parse", "--short=12", "HEAD"], cwd=ROOT, check=False, capture_output=True, text=True
    )
    return {"APP_VERSION": version, "APP_COMMIT": answer.stdout.strip() or "unknown"}


def application(target: Path, build_folder: Path = BUILD) -> Application:
    """Write the application archive."""
    generated = {DOCUMENT: openapi.text().encode("utf-8")}
    return write(target, contents(wheels.installed(build_folder), generated))


def check_limits(templates: Templates) -> None:
    """Raise ``PackagingFailed`` for a stack that comes too near to what AWS takes (DEP-03)."""
    for name, body in templates.texts().items():
        if len(body.encode()) > BODY_LIMIT:
            raise PackagingFailed(f"{name} of {templates.stage.name} has {len(body):,} bytes (limit {BODY_LIMIT:,})")
    for name, count in templates.resources().items():
        if count > RESOURCE_LIMIT:
            raise PackagingFailed(f"{name} of {templates.stage.name} has {count} resources (limit {RESOURCE_LIMIT})")


def make(folder: Path = BUILD) -> Release:
    """Build everything. Raises ``PackagingFailed``, ``BadStage``, ``BadDeclaration`` or ``BadGrant``."""
    folder.mkdir(parents=True, exist_ok=True)
    made = application(folder / APPLICATION, folder)
    made_layers = {layer: layers.build(layer, folder) for layer in Layer}
    for layer, one in made_layers.items():
        if made.unzipped + one.unzipped > LAMBDA_LIMIT:
            raise PackagingFailed(f"the application and the layer {layer} are too large together")
    release = settings_of_release()
    templates: dict[str, Templates] = {}
    written = {one.path.name: one.sha256 for one in (made, *made_layers.values())}
    for stage in deployed_stages():
        templates[stage] = build(stage, code_sha=made.sha256, release=release)
        check_limits(templates[stage])
        place = folder / "templates" / stage
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob("*.json"):
            old.unlink()
        for name, body in templates[stage].texts().items():
            (place / name).write_text(body, encoding="utf-8")
            written[f"templates/{stage}/{name}"] = hashlib.sha256(body.encode()).hexdigest()
    checksums = "".join(f"{sha}  {name}\n" for name, sha in sorted(written.items()))
    (folder / CHECKSUMS).write_text(checksums, encoding="utf-8")
    return Release(made, templates, made_layers)
