"""Sums and forms without a cloud: words, numbers, shares, GSTINs, rates, places."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.commerce.invoices import numbers, words
from chalicelib.commerce.invoices.configuration import CREDIT_NOTE_PREFIX, INVOICE_PREFIX, deployment_problems
from chalicelib.commerce.invoices.rendering import breakable, percent
from chalicelib.commerce.invoices.shares import share, spread
from chalicelib.commerce.payments import billing, tax
from chalicelib.commerce.payments.configuration import TAX_RATES
from chalicelib.commerce.payments.countries import COUNTRIES, GST_STATES, STATE_NAMES
from chalicelib.commerce.payments.errors import BillingStateRequired, GstinInvalid
from chalicelib.commerce.payments.gstin import check_digit, gstin_state
from chalicelib.commerce.payments.items import BillingPlace
from chalicelib.commerce.payments.schemas import Billing
from chalicelib.platform import clock
from chalicelib.platform.errors import ValidationFailed
from chalicelib.platform.settings import BadSetting

REGISTERED = "29AAGCB7383J1Z4"
USUAL = BillingPlace("USER#u", "BILLINGPLACE", country="IN", state="KL", updated_at=datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.rule("TAXN-31")
@pytest.mark.parametrize(
    ("paise", "text"),
    [
        (100, "Rupee One Only"),
        (49_950, "Rupees Four Hundred Ninety-Nine and Fifty Paise Only"),
        (1_020_305_006, "Rupees One Crore Two Lakh Three Thousand Fifty and Six Paise Only"),
        (10_000_000, "Rupees One Lakh Only"),
        (10_000_000_000_000, "Rupees Ten Thousand Crore Only"),
        (5, "Rupees Zero and Five Paise Only"),
    ],
)  # fmt: skip
def test_amounts_in_words(paise: int, text: str) -> None:
    assert words.amount(paise, "INR") == text


@pytest.mark.rule("TAXN-31")
def test_every_number_has_words_of_its_own() -> None:
    said = [words.number(value) for value in range(20_000)]
    assert len(set(said)) == 20_000
    assert words.amount(1_250, "USD") == "US Dollars Twelve and Fifty Cents Only"
    assert words.amount(1_250, "SGD") == "SGD Twelve and Fifty Hundredths Only"
    assert [percent(bps) for bps in (1_800, 250, 5, 0)] == ["18 %", "2.5 %", "0.05 %", "0 %"]


@pytest.mark.rule("TAXN-31")
def test_long_words_may_break_but_no_letter_does() -> None:
    assert breakable("short words stay") == "short words stay"
    broken = breakable("प्र" * 30)
    assert broken.replace("\u200b", "") == "प्र" * 30
    pieces = broken.split("\u200b")
    assert len(pieces) > 1
    assert all(piece.startswith("प") for piece in pieces)


@pytest.mark.rule("TAXN-30")
def test_numbers_and_years() -> None:
    assert numbers.number("PS", "25-26", 42) == "PS/25-26/000042"
    assert len(numbers.number("PS", "25-26", 1_000_000)) == 16
    with pytest.raises(numbers.SeriesFull):
        numbers.number("ABC", "25-26", 1_000_000)
    for day, year in ((date(2026, 3, 31), "25-26"), (date(2026, 4, 1), "26-27"), (date(2099, 12, 1), "99-00")):
        assert numbers.year_of(day) == year
    # The academy's midnight, not that of UTC.
    assert numbers.financial_year(datetime(2026, 3, 31, 18, 29, 59, tzinfo=UTC)) == "25-26"
    assert numbers.financial_year(datetime(2026, 3, 31, 18, 30, tzinfo=UTC)) == "26-27"
    for text in ("PS/25-26/000042", "PS%2F25-26%2F000042", "PS-25-26-000042"):
        assert numbers.parts(text) == ("PS", "25-26", 42)
    assert numbers.parts("A-/25-26/000001") == ("A-", "25-26", 1)
    assert numbers.parts("PS/25-26/42") is None


@pytest.mark.rule("TAXN-30")
def test_prefixes_leave_room_for_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (INVOICE_PREFIX(), CREDIT_NOTE_PREFIX()) == ("PS", "PC")
    for wrong in ("", "ABCD", "ps", "P_", "P/"):
        monkeypatch.setenv("INVOICE_PREFIX", wrong)
        with pytest.raises(BadSetting):
            INVOICE_PREFIX()


@pytest.mark.rule("TAXN-30", "TAXN-31")
def test_what_keeps_a_supplier_from_being_deployed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPLIER_ADDRESS", "12 Residency Road")
    monkeypatch.setenv("SUPPLIER_GSTIN", REGISTERED)
    monkeypatch.setenv("SUPPLIER_STATE", "KA")
    assert deployment_problems() == []
    for name, value in (("SUPPLIER_STATE", "KL"), ("SUPPLIER_ADDRESS", " "), ("CREDIT_NOTE_PREFIX", "PS")):
        with monkeypatch.context() as changed:
            changed.setenv(name, value)
            assert len(deployment_problems()) == 1, name


@pytest.mark.rule("PAY-85")
@given(
    whole=st.integers(1, 10_000_000),
    part=st.integers(0, 10_000_000),
    cuts=st.lists(st.integers(0, 10_000_000), max_size=6),
)
def test_shares_of_all_refunds_are_the_whole(whole: int, part: int, cuts: list[int]) -> None:
    bounds = [0, *sorted(cut % (whole + 1) for cut in cuts), whole]
    shares = [share(part, before, after - before, whole) for before, after in itertools.pairwise(bounds)]
    assert sum(shares) == part
    assert all(one >= 0 for one in shares)


@pytest.mark.rule("TAXN-12", "PAY-85")
@given(amount=st.integers(0, 10_000_000), weights=st.lists(st.integers(0, 100_000), min_size=1, max_size=20))
def test_what_is_spread_stays_whole(amount: int, weights: list[int]) -> None:
    parts = spread(amount, weights)
    assert sum(parts) == amount
    assert len(parts) == len(weights)
    assert all(part >= 0 for part in parts)


@pytest.mark.rule("TAXN-10")
def test_rates_as_shipped_and_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPLIER_GSTIN", REGISTERED)
    monkeypatch.setenv("DEFAULT_TAX_RATE_BPS", "500")
    shipped = {"IN": 1_800, "US": 0, "CA": 1_300, "AU": 1_000, "GB": 2_000, "DE": 1_900, "FR": 2_300, "BR": 500}
    assert {country: tax.rate_of(country).bps for country in shipped} == shipped
    given_rates = '{"FR": {"rateBps": 2000, "label": "TVA"}, "US": {"rateBps": 700, "label": "TAX", "collect": false}}'
    monkeypatch.setenv("TAX_RATES", given_rates)
    assert tax.line_tax(12_000, inclusive=True, place=tax.Place("FR")).components == (
        tax.Component("TVA", 2_000, 2_000),
    )
    assert tax.rate_of("IT").bps == 2_300
    # Where the academy is not registered none is charged, whatever the rate.
    assert tax.line_tax(10_000, inclusive=False, place=tax.Place("US")) == tax.LineTax(10_000, 10_000, ())
    monkeypatch.setenv("TAX_RATES", '{"EU": {"rateBps": 2100, "label": "VAT"}}')
    assert (tax.rate_of("IT").bps, tax.rate_of("DE").bps) == (2_100, 1_900)
    for wrong in (
        *('{"UK": {"rateBps": 1, "label": "VAT"}}', '{"GB": {"rateBps": -1, "label": "VAT"}}', "[1]", "{"),
        *('{"GB": {"rateBps": 1.5, "label": "VAT"}}', '{"GB": {"rateBps": 1}}', '{"GB": 2000}'),
        *('{"GB": {"rateBps": 1, "label": ""}}', '{"GB": {"rateBps": 1, "label": "VAT", "collect": "no"}}'),
    ):
        monkeypatch.setenv("TAX_RATES", wrong)
        with pytest.raises(BadSetting):
            TAX_RATES()


@pytest.mark.rule("TAXN-10", "TAXN-31")
def test_who_is_not_registered_takes_no_gst(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPPLIER_GSTIN", "")
    assert tax.line_tax(11_800, inclusive=True, place=tax.Place("IN", "KA")) == tax.LineTax(11_800, 11_800, ())
    assert tax.order_tax([], tax.Place("IN", "KA"))["rateBps"] == 0


@pytest.mark.rule("TAXN-11")
def test_gstins() -> None:
    assert (gstin_state(REGISTERED), gstin_state("27AAPFU0939F1ZV", "MH")) == ("KA", "MH")
    # Whichever single character is mistyped, the number is none.
    for position, letter in itertools.product(range(15), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"):
        mistyped = f"{REGISTERED[:position]}{letter}{REGISTERED[position + 1 :]}"
        if mistyped != REGISTERED:
            with pytest.raises(GstinInvalid):
                gstin_state(mistyped)
    for text, state, reason in (
        ("29AAGCB7383J1Z", None, "FORM"),
        ("29AAGCB7383J1Z5", None, "CHECKSUM"),
        (REGISTERED, "KL", "STATE"),
        ("99AAGCB7383J1Z" + check_digit("99AAGCB7383J1Z"), None, "STATE"),
    ):
        with pytest.raises(GstinInvalid) as refused:
            gstin_state(text, state)
        assert refused.value.details == {"field": "body.billing.gstin", "reason": reason}
    assert set(GST_STATES.values()) == set(STATE_NAMES)
    assert len(COUNTRIES) == 249
    assert "GB" in COUNTRIES
    assert "UK" not in COUNTRIES


@pytest.mark.rule("TAXN-11")
@pytest.mark.parametrize(
    ("given_billing", "usual", "place"),
    [
        ({"state": "KA"}, None, "IN-KA"),
        ({"state": "IN-KA"}, None, "IN-KA"),
        ({"state": "29"}, USUAL, "IN-KA"),
        ({"state": "OR"}, None, "IN-OD"),
        ({"country": "US"}, USUAL, "US"),
        ({"country": "GB", "state": "KA"}, None, "GB"),
        ({"gstin": REGISTERED}, USUAL, "IN-KA"),
        ({"gstin": REGISTERED, "state": "29"}, None, "IN-KA"),
        ({"country": "IN"}, USUAL, "IN-KL"),
        ({"name": "Asha"}, USUAL, "IN-KL"),
        (None, USUAL, "IN-KL"),
        (None, BillingPlace("u", "b", country="US", updated_at=USUAL.updated_at), "US"),
    ],
)
def test_the_place_of_supply(given_billing: dict[str, str] | None, usual: BillingPlace | None, place: str) -> None:
    asked = Billing.model_validate(given_billing) if given_billing is not None else None
    assert billing.place_of(asked, usual).name == place


@pytest.mark.rule("TAXN-11")
@pytest.mark.parametrize(
    ("given_billing", "error"),
    [
        (None, BillingStateRequired),
        ({"country": "IN"}, BillingStateRequired),
        ({"name": "Asha"}, BillingStateRequired),
        ({"country": "UK"}, ValidationFailed),
        ({"country": "ZZ"}, ValidationFailed),
        ({"state": "XX"}, ValidationFailed),
        ({"state": "99"}, ValidationFailed),
        ({"country": "US", "gstin": REGISTERED}, GstinInvalid),
        ({"state": "KL", "gstin": REGISTERED}, GstinInvalid),
    ],
)
def test_places_that_are_none(given_billing: dict[str, str] | None, error: type[Exception]) -> None:
    asked = Billing.model_validate(given_billing) if given_billing is not None else None
    with pytest.raises(error):
        billing.place_of(asked, None)


@pytest.mark.rule("TAXN-30")
def test_a_year_ends_at_the_academys_midnight() -> None:
    last = clock.day_end(date(2027, 3, 31))
    assert numbers.financial_year(last) == "27-28"
