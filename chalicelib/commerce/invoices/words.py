"""Amounts in words, as they stand on Indian invoices: crore, lakh, thousand, hundred."""

from __future__ import annotations

_SMALL = (
    "Zero One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve Thirteen Fourteen Fifteen Sixteen Seventeen"
    " Eighteen Nineteen"
)
_ONES = _SMALL.split()
_TENS = {2: "Twenty", 3: "Thirty", 4: "Forty", 5: "Fifty", 6: "Sixty", 7: "Seventy", 8: "Eighty", 9: "Ninety"}
_SCALES = ((10_000_000, "Crore"), (100_000, "Lakh"), (1_000, "Thousand"), (100, "Hundred"))
_UNITS = {
    "INR": ("Rupee", "Rupees", "Paise"),
    "USD": ("US Dollar", "US Dollars", "Cents"),
    "EUR": ("Euro", "Euros", "Cents"),
    "GBP": ("Pound Sterling", "Pounds Sterling", "Pence"),
}


def number(value: int) -> str:
    """A whole number from 0 on: ``One Lakh Twenty-Three Thousand Four Hundred Fifty-Six``."""
    if value < 20:
        return _ONES[value]
    for size, name in _SCALES:
        if value >= size:
            many, rest = divmod(value, size)
            return f"{number(many)} {name}" + (f" {number(rest)}" if rest else "")
    tens, ones = divmod(value, 10)
    return _TENS[tens] + (f"-{_ONES[ones]}" if ones else "")


def amount(minor: int, currency: str) -> str:
    """An amount in the currency's minor unit: ``Rupees Four Hundred Ninety-Nine and Fifty Paise Only``."""
    one, many, part = _UNITS.get(currency, (currency, currency, "Hundredths"))
    whole, rest = divmod(minor, 100)
    text = f"{one if whole == 1 else many} {number(whole)}"
    return f"{text} and {number(rest)} {part} Only" if rest else f"{text} Only"
