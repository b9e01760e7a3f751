"""The layer that typesets: what is in it, and which functions have it (DEP-01, DEP-03)."""

from __future__ import annotations

import pytest

from chalicelib.platform.function import Layer
from infra.package import fonts, layers, release, templates
from infra.package.templates import build


@pytest.mark.rule("DEP-01", "DEP-03")
def test_the_layer_has_typst_and_the_fonts_with_their_licences() -> None:
    if not (release.BUILD / "layers").is_dir() and fonts.folder() == fonts.STAND_IN:
        pytest.skip("neither pip nor npm gives the layer's parts here")
    names = layers.contents(Layer.TYPESETTING, release.BUILD)
    assert any(name.startswith("python/typst/_typst.") for name in names)
    assert {name for name in names if name.startswith("fonts/")} == {
        f"fonts/{family}{rest}"
        for family in ("NotoSans", "NotoSansDevanagari")
        for rest in ("_400Regular.ttf", "_700Bold.ttf", ".LICENSE")
    }
    assert sum(len(content) for content in names.values()) < 120 * 1024 * 1024


@pytest.mark.rule("PAY-35", "LOC-05")
def test_an_ordered_queue_has_an_ordered_queue_of_dead_letters() -> None:
    resources = build("dev").stacks["state"]["Resources"]
    queue, dead = resources["InvoicesFifoQueue"]["Properties"], resources["InvoicesFifoDead"]["Properties"]
    assert (queue["QueueName"], dead["QueueName"]) == ("pathshala-dev-invoices.fifo", "pathshala-dev-invoices-dlq.fifo")
    assert queue["FifoQueue"] is dead["FifoQueue"] is True
    assert "FifoQueue" not in resources["InvoiceFilesQueue"]["Properties"]


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
