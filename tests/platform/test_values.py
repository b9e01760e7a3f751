"""Ids and money (HTTP-14; design: integers in paise)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from chalicelib.platform import clock, ids, money
from chalicelib.platform.ids import Ulid


def test_ids_sort_by_their_time_and_tell_it() -> None:
    clock.reset()
    before = clock.now()
    one = ids.new_ulid()
    assert ids.is_ulid(one)
    assert abs((ids.ulid_time(one) - before).total_seconds()) < 60
    assert ids.ulid_at(before - timedelta(seconds=1)) < one < ids.ulid_at(before + timedelta(seconds=60))
    assert len({ids.new_ulid() for _ in range(1_000)}) == 1_000


def test_ids_are_made_from_the_one_clock() -> None:
    try:
        clock.advance(86_400)
        assert ids.ulid_time(ids.new_ulid()) - datetime.now(UTC) > timedelta(hours=23)
    finally:
        clock.reset()


@pytest.mark.rule("HTTP-14")
@pytest.mark.parametrize(
    "text", ["", "x", "8" + "0" * 25, "0" * 25, "0" * 27, "U" + "0" * 25, "0" * 25 + "I", "٠" * 26]
)
def test_what_is_no_ulid(text: str) -> None:
    assert not ids.is_ulid(text)
    with pytest.raises(ValidationError):
        TypeAdapter(Ulid).validate_python(text)


@pytest.mark.rule("HTTP-14")
def test_ids_in_bodies_come_in_either_case() -> None:
    one = ids.new_ulid()
    assert TypeAdapter(Ulid).validate_python(one.lower()) == one


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9))
def test_halves_round_away_from_zero(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    rounded = money.round_half_up(numerator, denominator)
    assert abs(rounded - exact) <= Fraction(1, 2)
    if abs(rounded - exact) == Fraction(1, 2):
        assert abs(rounded) > abs(exact)


@pytest.mark.parametrize(
    ("paise", "text"),
    [
        (0, "₹0.00"),
        (5, "₹0.05"),
        (99_999, "₹999.99"),
        (149_900, "₹1,499.00"),
        (12_345_678_900, "₹12,34,56,789.00"),
        (10_000_000, "₹1,00,000.00"),
        (-149_950, "-₹1,499.50"),
    ],
)
def test_rupees_are_grouped_as_in_india(paise: int, text: str) -> None:
    assert money.rupees(paise) == text


@pytest.mark.parametrize("wrong", [-1, money.MAX_PAISE + 1, 1.5, "x"])
def test_amounts_are_integers_within_bounds(wrong: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(money.Paise).validate_python(wrong)
