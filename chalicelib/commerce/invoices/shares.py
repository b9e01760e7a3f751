"""Parts of an amount that add up to exactly that amount. Integers only."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.platform.money import round_half_up


def share(part: int, before: int, amount: int, whole: int) -> int:
    """What ``amount`` takes of ``part`` when ``before`` took its share already; both of ``whole``.

    >>> [share(180, 0, 500, 1180), share(180, 500, 680, 1180)]
    [76, 104]
    """
    return round_half_up(part * (before + amount), whole) - round_half_up(part * before, whole)


def spread(amount: int, weights: Sequence[int]) -> list[int]:
    """``amount`` in parts that are to each other as the weights; all on the first where none has any weight."""
    whole = sum(weights)
    if not whole:
        return [amount, *[0] * (len(weights) - 1)]
    shares, before = [], 0
    for weight in weights:
        shares.append(share(amount, before, weight, whole))
        before += weight
    return shares
