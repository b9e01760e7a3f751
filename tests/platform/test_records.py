"""Records are frozen dataclasses, made whole by their first instance."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import FrozenInstanceError, field, replace

import pytest

from chalicelib.platform.records import frozen


def _money() -> type:
    @frozen
    class Money:
        paise: int
        currency: str = "INR"
        notes: list[str] = field(default_factory=list)

        def __post_init__(self) -> None:
            if self.paise < 0:
                raise ValueError("negative")

        @property
        def rupees(self) -> float:
            return self.paise / 100

    return Money


def test_the_first_one_is_as_every_other() -> None:
    kind = _money()
    first, second = kind(49_900), kind(paise=49_900, currency="INR")
    assert first == second
    assert first.rupees == 499
    assert repr(first).endswith("Money(paise=49900, currency='INR', notes=[])")
    assert first.notes is not second.notes
    assert replace(first, paise=1).paise == 1
    assert [one.name for one in dataclasses.fields(kind)] == ["paise", "currency", "notes"]


def test_it_cannot_be_changed_and_minds_its_rules() -> None:
    kind = _money()
    with pytest.raises(ValueError, match="negative"):
        kind(-1)
    with pytest.raises(TypeError):
        kind()
    with pytest.raises(FrozenInstanceError):
        kind(1).paise = 2


def test_one_that_builds_on_another_has_the_others_fields_first() -> None:
    @frozen
    class Base:
        name: str

    @frozen
    class Special(Base):
        size: int = 1

    assert Special("a", 2) == Special(name="a", size=2)
    assert hash(Base("b")) == hash(Base("b"))
    assert Base("a") != Special("a")


def test_many_first_ones_at_once_are_all_right() -> None:
    for _ in range(20):
        kind = _money()
        made: list[object] = []
        start = threading.Barrier(4)

        def make(kind: type = kind, start: threading.Barrier = start, made: list[object] = made) -> None:
            start.wait()
            made.append(kind(1))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert made == [kind(1)] * 4
