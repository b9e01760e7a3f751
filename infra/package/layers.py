"""Layers: what only a few functions need, and is too large for the one archive of all.

``typesetting``: Typst and the fonts of documents, under ``/opt/python`` and ``/opt/fonts``.
"""

from __future__ import annotations

import hashlib
import shutil
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from chalicelib.platform.function import Layer
from infra.local.npm import PackageMissing
from infra.package import fonts, names, wheels
from infra.package.application import Application, write
from infra.package.stages import ROOT, Stage
from infra.package.wheels import PackagingFailed

LIBRARIES = {Layer.TYPESETTING: ("typst",)}
"""Pinned with the tools of development, since the tests run with the same ones."""


def logical(layer: Layer) -> str:
    """The layer in the template of an area."""
    return f"{names.camel(layer)}Layer"


def parameter(layer: Layer) -> str:
    """The template's parameter that says where its archive was uploaded to."""
    return f"{names.camel(layer)}LayerKey"


def parameters(wanted: Iterable[Layer]) -> dict[str, Any]:
    """The parameters of a template that uses these layers."""
    return {parameter(layer): {"Type": "String", "Description": f"Object key of the layer {layer}"} for layer in wanted}


def archive(layer: Layer) -> str:
    """The name of its archive."""
    return f"{layer}-layer.zip"


def resource(stage: Stage, layer: Layer) -> dict[str, Any]:
    """The layer. Versions of functions that are still in use may need the one before."""
    return {
        "Type": "AWS::Lambda::LayerVersion",
        "UpdateReplacePolicy": "Retain",
        "Properties": {
            "LayerName": names.prefixed(stage.name, layer),
            "CompatibleRuntimes": [f"python{wheels.PYTHON}"],
            "CompatibleArchitectures": ["x86_64"],
            "Content": {"S3Bucket": {"Ref": "ArtifactsBucket"}, "S3Key": {"Ref": parameter(layer)}},
        },
    }


def pins(layer: Layer) -> list[str]:
    """Its libraries as they are pinned."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        tools: list[str] = tomllib.load(file)["dependency-groups"]["dev"]
    return [pin for pin in tools if pin.partition("==")[0] in LIBRARIES[layer]]


def build(layer: Layer, folder: Path) -> Application:
    """Write the archive. Raises ``PackagingFailed``."""
    return write(folder / archive(layer), contents(layer, folder))


def contents(layer: Layer, folder: Path) -> dict[str, bytes]:
    """Everything in the archive by name; libraries are installed under ``folder``. Raises ``PackagingFailed``."""
    wanted = pins(layer)
    mark = hashlib.sha256("\n".join([wheels.PYTHON, *wheels.platforms(), *wanted]).encode()).hexdigest()
    target = folder / "layers" / f"{layer}-{mark[:16]}"
    if not (target / ".complete").is_file():
        shutil.rmtree(target, ignore_errors=True)
        wheels.install(target, wanted)
        (target / ".complete").touch()
    found = {f"python/{name}": path.read_bytes() for name, path in wheels.files(target)}
    try:
        found.update({f"fonts/{name}": content for name, content in fonts.files().items()})
    except PackageMissing as error:
        raise PackagingFailed(str(error)) from error
    return found
