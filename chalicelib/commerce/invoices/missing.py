"""Numbers that no document has (TAXN-03): there must be none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from chalicelib.commerce.invoices import numbers
from chalicelib.commerce.invoices.items import Document, InvoiceCounter
from chalicelib.platform import clock, store

PAGE = 1_000
INDEXED_WITHIN = timedelta(minutes=1)
"""An index follows the table within moments: what was numbered this minute may not be listed yet."""


def gaps(series: str, year: str) -> list[str]:
    """The missing numbers of a series in a financial year, up to its last. Reads the whole series: for jobs."""
    query, start, before, missing = Document.of_series(series, year), None, 0, list[int]()
    while True:
        found = store.fetch(query, limit=PAGE, start=start)
        sequences = [int(item.gsi1sk) for item in found.items]
        missing += between(before, sequences)
        before = sequences[-1] if sequences else before
        start = found.next_key
        if start is None:
            return named(series, year, missing + unlisted(series, year, before))


def between(before: int, sequences: Sequence[int]) -> list[int]:
    """What lies between the numbers of a page, in their order, the one before the page included."""
    missing: list[int] = []
    for sequence in sequences:
        missing += range(before + 1, sequence)
        before = sequence
    return missing


def unlisted(series: str, year: str, newest: int) -> list[int]:
    """What the counter gave out behind the newest that is listed; none while it is still counting."""
    counter = store.get(InvoiceCounter, InvoiceCounter.place(series, year))
    if counter is None or counter.updated_at > clock.now() - INDEXED_WITHIN:
        return []
    return list(range(newest + 1, int(counter.last) + 1))


def named(series: str, year: str, sequences: Sequence[int]) -> list[str]:
    """As they would be printed."""
    return [numbers.number(series, year, sequence) for sequence in sequences]
