"""Masks of personal data (SHIELD-61)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.platform.masking import country_code, mask_email, mask_phone


@pytest.mark.rule("SHIELD-61")
@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("asha.k@gmail.com", "as***@g***.com"),
        ("ash@mail.co.in", "a***@m***.in"),
        ("asha@x.in", "as***@x***.in"),
        ("a@b.org", "a***@b***.org"),
    ],
)
def test_addresses(address: str, masked: str) -> None:
    assert mask_email(address) == masked


@pytest.mark.rule("SHIELD-61")
@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+919876543210", "+91******3210"),
        ("+14155550123", "+1******0123"),
        ("+79161234567", "+7******4567"),
        ("+447911123456", "+44******3456"),
        ("+9779812345678", "+977******5678"),
        ("+971501234567", "+971******4567"),
        ("+353851234567", "+353******4567"),
    ],
)
def test_numbers(number: str, masked: str) -> None:
    assert mask_phone(number) == masked


@pytest.mark.rule("SHIELD-61")
@given(st.from_regex(r"\+[1-9][0-9]{9,14}", fullmatch=True))
def test_a_number_shows_its_country_and_four_digits(number: str) -> None:
    shown = [character for character in mask_phone(number) if character.isdigit()]
    assert len(shown) == len(country_code(number)) + 4
    assert number.startswith(f"+{country_code(number)}")
