"""Who fetches very many different assets in a short time (FILE-50): people should look at that; nobody is refused."""

from __future__ import annotations

import hashlib

from chalicelib.content.assets.items import MINUTES, AssetUse
from chalicelib.platform import clock, settings, signals, store
from chalicelib.platform.errors import ApiError
from chalicelib.platform.logs import count_metric
from chalicelib.platform.signals import Severity, SignalType

ASSET_SCRAPE_COUNT = settings.integer("ASSET_SCRAPE_COUNT", default=300, minimum=20, maximum=1_000)
KEPT_SECONDS = 600
TRIES = 6
_NUMBERS = 10**9


def record(user_id: str, asset_id: str) -> None:
    """Remember one delivery; from the 300th different asset within five minutes on, signal it. Never fails a delivery.

    One write; two by the first of a minute, and by who races with it.
    """
    try:
        fetched = _add(user_id, asset_id)
    except (ApiError, store.ConditionFailed):
        count_metric("AssetUseLost")
        return
    if fetched >= ASSET_SCRAPE_COUNT():
        signals.notice(SignalType.ASSET_SCRAPE, Severity.MEDIUM, user_id=user_id, meta={"assets": fetched})


def _add(user_id: str, asset_id: str) -> int:
    """How many different assets it are by now."""
    place, now = AssetUse.place(user_id), clock.epoch() // 60
    number = int.from_bytes(hashlib.sha256(asset_id.encode()).digest()[:8], "big") % _NUMBERS
    # As if somebody had fetched something in this minute already: true of most requests, and if not, we are told.
    seen: int | None = now
    for _ in range(TRIES - 1):
        try:
            return _write(place, number, seen, max(now, seen or 0)).distinct
        except store.ConditionFailed as failed:
            seen = int(failed.item.minute) if isinstance(failed.item, AssetUse) else None
    return _write(place, number, seen, max(now, seen or 0)).distinct


def _write(place: store.Key, number: int, seen: int | None, minute: int) -> AssetUse:
    """Add to the minute's numbers; a new minute's begin anew, and those of minutes without a request are dropped."""
    own = AssetUse.bucket(minute)
    if seen == minute:
        return store.update(AssetUse, place, [own.add({number})], when=AssetUse.minute == minute)
    skipped = range(max(seen + 1, minute - MINUTES + 1), minute) if seen is not None else range(0)
    begun = [
        own.set({number}),
        AssetUse.minute.set(minute),
        AssetUse.kind.set(AssetUse),
        AssetUse.ttl.set(minute * 60 + KEPT_SECONDS),
        *(AssetUse.bucket(one).remove() for one in skipped),
    ]
    return store.update(
        AssetUse, place, begun, when=store.absent(AssetUse) if seen is None else AssetUse.minute == seen
    )
