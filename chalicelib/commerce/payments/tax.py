"""The tax of an order as it is stored with it (TAXN-10, TAXN-12, TAXN-13). Integers; finalization never recomputes.

Rates are those of the configuration ``TAX_RATES``; what is shipped stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chalicelib.commerce.payments.configuration import (
    DEFAULT_TAX_RATE_BPS,
    SUPPLIER_GSTIN,
    SUPPLIER_STATE,
    TAX_RATES,
)
from chalicelib.commerce.payments.countries import EU_MEMBERS, HOME, state_code
from chalicelib.platform.money import round_half_up
from chalicelib.platform.records import frozen

WHOLE_BPS = 10_000


@frozen
class Rate:
    """A country's rate in hundredths of a percent. A rate of 0 is a rate; ``collect`` false: none is charged there."""

    bps: int
    label: str
    collect: bool = True


RATES = {
    "IN": Rate(1_800, "GST"),
    "US": Rate(0, "SALES_TAX"),
    "CA": Rate(1_300, "HST"),
    "AU": Rate(1_000, "GST"),
    "GB": Rate(2_000, "VAT"),
    "DE": Rate(1_900, "VAT"),
    "EU": Rate(2_300, "VAT"),
}


def rate_of(country: str) -> Rate:
    """The rate of a country: its own, that of the EU for members, the default otherwise.

    Configured rates (``TAX_RATES``) stand before the shipped ones. Who has no GSTIN collects no GST.
    """
    rate = _named(country) or (_named("EU") if country in EU_MEMBERS else None)
    if rate is None:
        return Rate(DEFAULT_TAX_RATE_BPS(), "TAX")
    if country == HOME and not SUPPLIER_GSTIN():
        return Rate(rate.bps, rate.label, collect=False)
    return rate


def _named(place: str) -> Rate | None:
    given = TAX_RATES().get(place)
    if given is not None:
        return Rate(given["rateBps"], given["label"], given.get("collect", True))
    return RATES.get(place)


@frozen
class Place:
    """The place of supply: a country, in India with its state."""

    country: str
    state: str | None = None

    @property
    def name(self) -> str:
        """``IN-KA``, ``US``."""
        return f"{self.country}-{self.state}" if self.state else self.country

    @property
    def within_state(self) -> bool:
        """Whether it is the supplier's own state: CGST and SGST there, IGST elsewhere in India."""
        return self.country == HOME and self.state == state_code(SUPPLIER_STATE())


def place_of(country: str | None, state: str | None) -> Place:
    """The place of supply of a request; in India without a state it is the supplier's own."""
    code = (country or HOME).upper()
    if code != HOME:
        return Place(code)
    return Place(HOME, state_code(state or SUPPLIER_STATE()))


@frozen
class Component:
    """One tax of a line: ``CGST``, ``SGST``, ``IGST``, ``VAT``, …; ``bps`` is its own rate."""

    name: str
    bps: int
    paise: int


@frozen
class LineTax:
    """A line's money: ``taxable`` + all components = ``total``, exactly."""

    taxable: int
    total: int
    components: tuple[Component, ...]

    @property
    def tax(self) -> int:
        """The sum of the components."""
        return self.total - self.taxable


def line_tax(amount: int, *, inclusive: bool, place: Place) -> LineTax:
    """The tax of an amount after discount (TAXN-12), in the currency's minor unit.

    Inclusive: tax = total − round_half_up(total × 10000 / (10000 + rate)). Otherwise round_half_up(net × rate / 10000)
    on top. CGST and SGST are each rounded at half the rate and always equal; the taxable value is then what remains.
    """
    rate = rate_of(place.country)
    if not rate.collect or rate.bps == 0:
        return LineTax(amount, amount, ())
    base = WHOLE_BPS + rate.bps if inclusive else WHOLE_BPS
    if place.within_state:
        half = round_half_up(amount * rate.bps, 2 * base)
        halves = (Component("CGST", rate.bps // 2, half), Component("SGST", rate.bps - rate.bps // 2, half))
        return LineTax(amount - 2 * half, amount, halves) if inclusive else LineTax(amount, amount + 2 * half, halves)
    name = "IGST" if place.country == HOME else rate.label
    if inclusive:
        tax = amount - round_half_up(amount * WHOLE_BPS, base)
        return LineTax(amount - tax, amount, (Component(name, rate.bps, tax),))
    tax = round_half_up(amount * rate.bps, WHOLE_BPS)
    return LineTax(amount, amount + tax, (Component(name, rate.bps, tax),))


def order_tax(lines: Sequence[LineTax], place: Place) -> dict[str, Any]:
    """The order's tax (TAXN-13): ``{country, state, placeOfSupply, label, rateBps, taxablePaise, components}``."""
    rate = rate_of(place.country)
    sums: dict[tuple[str, int], int] = {}
    for line in lines:
        for part in line.components:
            sums[part.name, part.bps] = sums.get((part.name, part.bps), 0) + part.paise
    return {
        "country": place.country,
        "state": place.state,
        "placeOfSupply": place.name,
        "label": rate.label,
        "rateBps": rate.bps if rate.collect else 0,
        "taxablePaise": sum(line.taxable for line in lines),
        "components": [{"name": name, "rateBps": bps, "amountPaise": paise} for (name, bps), paise in sums.items()],
    }
