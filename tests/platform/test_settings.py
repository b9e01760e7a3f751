"""Configuration keys: declared once, checked when read, never shown."""

from __future__ import annotations

import pytest

from chalicelib.platform import clock, settings
from chalicelib.platform.settings import BadSetting

RANGE = settings.integer("TEST_RANGE", default=5, minimum=1, maximum=10)
FLAG = settings.boolean("TEST_FLAG", default=False)
WORD = settings.choice("TEST_WORD", default="one", choices=("one", "two"))
WORDS = settings.listing("TEST_WORDS")


def test_defaults_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (RANGE(), FLAG(), WORD(), WORDS()) == (5, False, "one", ())
    for name, value in (("RANGE", "7"), ("FLAG", "true"), ("WORD", "two"), ("WORDS", " a, b ,,c ")):
        monkeypatch.setenv(f"TEST_{name}", value)
    assert (RANGE(), FLAG(), WORD(), WORDS()) == (7, True, "two", ("a", "b", "c"))


@pytest.mark.parametrize(
    ("setting", "value"),
    [(RANGE, "0"), (RANGE, "11"), (RANGE, "five"), (RANGE, ""), (FLAG, "yes"), (FLAG, "True"), (WORD, "three")],
)
def test_a_bad_value_says_key_and_rule_and_never_the_value(
    setting: settings.Setting[object], value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(setting.name, value or " ")
    with pytest.raises(BadSetting) as refused:
        setting()
    assert setting.name in str(refused.value)
    assert setting.rule in str(refused.value)


def test_a_secretly_long_value_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_RANGE", "hunter2-hunter2")
    with pytest.raises(BadSetting) as refused:
        RANGE()
    assert "hunter2" not in str(refused.value)


def test_a_key_belongs_to_one_module() -> None:
    assert settings.declared()["TEST_RANGE"].module == __name__
    assert settings.declared()["ACADEMY_TIMEZONE"].module == clock.__name__
    with pytest.raises(BadSetting, match="ACADEMY_TIMEZONE"):
        settings.text("ACADEMY_TIMEZONE")


def test_what_is_read_is_parsed_again_only_when_its_text_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def parse(raw: str) -> str:
        read.append(raw)
        return raw

    setting = settings.parsed("TEST_PARSED", default="a", parse=parse, rule="any")
    assert [setting(), setting()] == ["a", "a"]
    monkeypatch.setenv("TEST_PARSED", "b")
    assert [setting(), setting()] == ["b", "b"]
    assert read == ["a", "b"]
