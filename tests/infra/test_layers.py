"""The layer that typesets: what is in it, and which functions have it (DEP-01, DEP-03)."""

from __future__ import annotations

import zipfile

import pytest

from chalicelib.platform.function import Layer
from infra.package import fonts, layers, release, templates
from infra.package.templates import build


@pytest.mark.rule("DEP-01", "DEP-03")
def test_the_layer_has_typst_and_the_fonts_with_their_licences() -> None:
    if not (release.BUILD / "layers").is_dir() and fonts.folder() == fonts.STAND_IN:
        pytest.skip("neither pip nor npm gives the layer's parts here")
    made = layers.build(Layer.TYPESETTING, release.BUILD)
    with zipfile.ZipFile(made.path) as archive:
        names = archive.namelist()
    assert any(name.startswith("python/typst/_typst.") for name in names)
    assert {name for name in names if name.startswith("fonts/")} == {
        f"fonts/{family}{rest}"
        for family in ("NotoSans", "NotoSansDevanagari")
        for rest in ("_400Regular.ttf", "_700Bold.ttf", ".LICENSE")
    }
    assert layers.build(Layer.TYPESETTING, release.BUILD).sha256 == made.sha256
    assert made.unzipped < 120 * 1024 * 1024


@pytest.mark.rule("DEP-01")
def test_who_typesets_has_the_layer_and_nobody_else() -> None:
    functions = templates.load_registry()
    wanted = {one.name for one in functions.values() if one.layers}
    assert wanted == {"render_invoice"}
    stacks = build("dev").stacks
    lambdas = {
        logical: resource["Properties"]
        for stack in stacks.values()
        for logical, resource in stack["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
    }
    having = {name for name, properties in lambdas.items() if "Layers" in properties}
    assert having == {"RenderInvoiceFunction"}
    finance = stacks["functions-finance"]
    assert finance["Resources"]["TypesettingLayer"]["Properties"]["Content"]["S3Key"] == {"Ref": "TypesettingLayerKey"}
    assert "TypesettingLayerKey" in finance["Parameters"]
    assert "TypesettingLayerKey" in build("dev").root["Parameters"]
