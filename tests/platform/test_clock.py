"""The one clock, and days of the academy (HTTP-15)."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.platform import clock


@pytest.fixture(autouse=True)
def _real_time() -> Iterator[None]:
    clock.reset()
    yield
    clock.reset()


@pytest.mark.rule("HTTP-15")
def test_instants_are_utc_with_milliseconds() -> None:
    assert clock.iso(datetime(2026, 1, 31, 15, 30, 0, 123999, timezone(timedelta(hours=5, minutes=30)))) == (
        "2026-01-31T10:00:00.123Z"
    )
    assert clock.now().tzinfo is UTC


@pytest.mark.rule("HTTP-15")
@pytest.mark.parametrize(
    "text", ["2026-01-31T10:00:00", "2026-01-31", "now", "", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00"]
)
def test_what_is_no_instant_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        clock.parse_iso(text)


EARLIEST, LATEST = datetime(1, 1, 2), datetime(9999, 12, 30)  # noqa: DTZ001  # hypothesis adds the zone


@given(st.datetimes(min_value=EARLIEST, max_value=LATEST, timezones=st.timezones()))
def test_written_instants_are_read_back_to_the_millisecond_and_sort(instant: datetime) -> None:
    read = clock.parse_iso(clock.iso(instant))
    assert timedelta(0) <= instant - read < timedelta(milliseconds=1)
    later = instant.astimezone(UTC) + timedelta(milliseconds=2)
    assert clock.iso(instant) < clock.iso(later)


@pytest.mark.rule("HTTP-15")
def test_moving_the_clock_moves_every_reading() -> None:
    before = clock.now()
    clock.advance(3600)
    assert clock.now() - before >= timedelta(hours=1)
    assert clock.epoch() >= int(before.timestamp()) + 3600
    clock.advance(-7200)
    assert clock.now() < before
    clock.reset()
    assert abs((clock.now() - before).total_seconds()) < 60


@pytest.mark.rule("HTTP-15")
def test_a_day_is_the_academys() -> None:
    assert clock.academy_day(datetime(2026, 1, 31, 18, 29, 59, tzinfo=UTC)) == date(2026, 1, 31)
    assert clock.academy_day(datetime(2026, 1, 31, 18, 30, tzinfo=UTC)) == date(2026, 2, 1)
    assert clock.iso(clock.day_start(date(2026, 2, 1))) == "2026-01-31T18:30:00.000Z"
    assert clock.day_end(date(2026, 2, 1)) - clock.day_start(date(2026, 2, 1)) == timedelta(days=1)


def test_days_where_clocks_change_have_their_own_length(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACADEMY_TIMEZONE", "Europe/Berlin")
    spring = date(2026, 3, 29)
    assert clock.day_end(spring) - clock.day_start(spring) == timedelta(hours=23)


@pytest.mark.rule("ACC-10")
def test_another_instant_can_be_supposed_and_is_forgotten_again() -> None:
    """For this flow of control alone: another thread has its own time."""
    supposed = datetime(2031, 5, 4, 13, 0, tzinfo=UTC)
    with clock.as_of(supposed):
        assert (clock.now(), clock.epoch()) == (supposed, int(supposed.timestamp()))
        with ThreadPoolExecutor(1) as other:
            assert other.submit(clock.now).result() < supposed
        with clock.as_of(None):
            assert clock.now() < supposed
        assert clock.now() == supposed
    with pytest.raises(KeyError), clock.as_of(supposed):
        raise KeyError
    assert clock.now() < supposed


@pytest.mark.rule("AUTH-51")
def test_what_the_gateway_stamped_is_read_on_this_clock() -> None:
    """The gateway's stamp is real time, this clock may have been moved; nothing waits for more than half a minute."""
    for moved in (0, 86_400):
        clock.advance(moved)
        real = clock.now().timestamp() - moved
        for stamp, waited in ((None, 0), (real, 0), (real - 5, 5), (real + 60, 0), (real - 3_600, 30)):
            arrived = clock.arrived(None if stamp is None else stamp * 1_000)
            assert abs((clock.now() - arrived).total_seconds() - waited) < 1
