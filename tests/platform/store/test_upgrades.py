"""Old and new code run side by side: a kind is read with what a later one adds, without what an earlier one lacked."""

from __future__ import annotations

import pytest

from chalicelib.platform.store import Item, read
from chalicelib.platform.store.items import kind_of
from infra.package import data_model

KINDS = data_model.kinds()


def _old(kind: type[Item]) -> dict[str, dict[str, str]]:
    """The least that was ever written of a kind."""
    return {"pk": {"S": "P"}, "sk": {"S": "S"}, "kind": {"S": kind_of(kind)}}


@pytest.mark.rule("DEP-13")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_item_without_a_later_attribute_is_read(kind: type[Item]) -> None:
    item = read(_old(kind))
    assert type(item) is kind
    assert item.itself == ("P", "S")


@pytest.mark.rule("DEP-13")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_an_attribute_of_later_code_is_passed_over(kind: type[Item]) -> None:
    item = read({**_old(kind), "attribute_of_tomorrow": {"S": "x"}, "version": {"N": "7"}})
    assert item.version == 7
    assert "attribute_of_tomorrow" not in item.attribute_values


@pytest.mark.rule("DEP-13")
def test_a_kind_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(ValueError, match="Ghost"):
        read({"pk": {"S": "P"}, "sk": {"S": "S"}, "kind": {"S": "Ghost"}})


@pytest.mark.rule("DEP-13")
def test_every_item_carries_a_version() -> None:
    assert all("version" in kind.get_attributes() for kind in KINDS)
