"""E-mail addresses, names and phone numbers (AUTH-42)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.identity.accounts.items import folded
from chalicelib.identity.accounts.normalization import MAX_EMAIL, check_name, normalize_email, normalize_phone

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
LOCAL = st.from_regex(r"[A-Za-z0-9._+!#$%&'*/=?^`{|}~-]{1,30}", fullmatch=True)
DOMAIN = st.lists(LABEL, min_size=1, max_size=3).map(lambda labels: ".".join([*labels, "in"]))


@pytest.mark.rule("AUTH-42")
@given(LOCAL, DOMAIN, st.sampled_from(["", " ", "\t "]))
def test_addresses_are_trimmed_and_lower_cased_only(local: str, domain: str, space: str) -> None:
    given_address = f"{space}{local}@{domain.upper()}{space}"
    normal = normalize_email(given_address)
    assert normal == f"{local.lower()}@{domain}"
    assert normalize_email(normal) == normal


@pytest.mark.rule("AUTH-42")
@given(st.one_of(st.text(max_size=60), st.text(max_size=9).map(lambda local: f"{local}@example.in")))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    try:
        normal = normalize_email(text)
    except ValueError:
        return
    assert normalize_email(normal) == normal
    assert normal.count("@") == 1
    assert len(normal) <= MAX_EMAIL
    assert "." in normal.partition("@")[2]
    assert not any(character.isspace() for character in normal)


@pytest.mark.rule("AUTH-42")
@pytest.mark.parametrize(
    "text", ["", "a", "a@b", "@b.in", "a@b@c.in", "a b@c.in", "a@.in", "a@b..in", "a@-b.in", "a@b.1", "a@" + "b" * 260]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError):
        normalize_email(text)


@pytest.mark.rule("AUTH-42")
def test_international_domains_become_punycode() -> None:
    assert normalize_email("Asha@Bücher.example") == "asha@xn--bcher-kva.example"
    assert normalize_email("asha@डाक.भारत") == "asha@xn--11bx1g.xn--h2brj9c"


@pytest.mark.rule("AUTH-42")
@given(st.from_regex(r"[6-9][0-9]{9}", fullmatch=True))
def test_ten_digits_are_indian(digits: str) -> None:
    assert normalize_phone(digits) == f"+91{digits}"
    assert normalize_phone(normalize_phone(digits)) == f"+91{digits}"


@pytest.mark.rule("AUTH-42")
@pytest.mark.parametrize("text", ["", "98765", "5876543210", "+0123456789", "+91 98765 43210", "९८७६५४३२१०", "+1" * 9])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(ValueError):
        normalize_phone(text)


@pytest.mark.rule("AUTH-42")
def test_names_have_a_letter_and_no_markup() -> None:
    for name in ("Asha", "आशा वर्मा", "O'Neill-2", "王"):
        assert check_name(name) == name
    for name in ("123", "<Asha", "Asha>", "see http://x", "Asha\u2028Verma"):
        with pytest.raises(ValueError):
            check_name(name)


@pytest.mark.rule("AUTH-42")
def test_folded_names_have_no_accents_or_case() -> None:
    assert folded("Zoë Ångström") == "zoe angstrom"
