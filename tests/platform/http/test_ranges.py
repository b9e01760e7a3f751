"""Which bytes a ``Range`` asks for: RFC 9110 §14."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.platform.http.ranges import Part, Unsatisfiable, choose

M = 1_048_576
L = 20_971_520


@pytest.mark.rule("NOTE-52")
@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-", 0, M - 1),
        ("bytes=0-0", 0, 0),
        ("bytes=5-9", 5, 9),
        ("BYTES=5-9", 5, 9),
        (" bytes=5-9", 5, 9),
        ("bytes= 5-9 ", 5, 9),
        ("bytes=0000005-00009", 5, 9),
        (f"bytes=0-{L - 1}", 0, M - 1),
        (f"bytes=7-{L + 99}", 7, 7 + M - 1),
        ("bytes=7-99999999999999999999999999999", 7, 7 + M - 1),
        (f"bytes={L - 1}-", L - 1, L - 1),
        (f"bytes={L - 1}-{L + 5}", L - 1, L - 1),
        ("bytes=-1", L - 1, L - 1),
        ("bytes=-100", L - 100, L - 1),
        (f"bytes=-{L + 1}", 0, M - 1),
        (f"bytes=-{2 * M}", L - 2 * M, L - M - 1),
    ],
)
def test_one_range(header: str, first: int, last: int) -> None:
    assert choose(header, L, M) == Part(first, last)


@pytest.mark.rule("NOTE-53")
@pytest.mark.parametrize(
    ("header", "first", "last"),
    [
        ("bytes=0-9,20-29", 0, 9),
        ("bytes=0-9, 20-29", 0, 9),
        (",bytes=1-2", None, None),
        ("bytes=,,5-6,", 5, 6),
        (f"bytes={L}-,3-4", 3, 4),
        (f"bytes={L}-{L + 5}, -0, -7", L - 7, L - 1),
        ("bytes=" + ",".join(f"{n}-{n}" for n in range(10)), 0, 0),
    ],
)
def test_of_several_ranges_the_first_that_is_there(header: str, first: int | None, last: int | None) -> None:
    if first is None or last is None:
        with pytest.raises(Unsatisfiable):
            choose(header, L, M)
    else:
        assert choose(header, L, M) == Part(first, last)


@pytest.mark.rule("NOTE-53")
@pytest.mark.parametrize(
    "header",
    [
        f"bytes={L}-",
        f"bytes={L}-{L + 1}",
        "bytes=99999999999999999999999999-",
        "bytes=-0",
        "bytes=5-2",
        "bytes=0-4,5-2",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=1-2-3",
        "bytes=--5",
        "bytes=1.5-2",
        "bytes=+1-2",
        "bytes=१-२",
        "bytes",
        "bytes 0-1",
        "",
        "=0-1",
        "bytes=" + ",".join(f"{n}-{n}" for n in range(11)),
    ],
)
def test_what_is_no_range_of_the_file(header: str) -> None:
    with pytest.raises(Unsatisfiable):
        choose(header, L, M)


@pytest.mark.rule("NOTE-53")
@pytest.mark.parametrize("header", [None, "items=0-1", "seconds=1-2", "x-bytes=0-1"])
def test_another_unit_says_nothing(header: str | None) -> None:
    assert choose(header, L, M) is None


ANYTHING = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="bytes=-,0123456789 \t", max_size=60),
    st.from_regex(re.compile(r"bytes=(\d{0,9}-\d{0,9}(, ?)?){0,12}", re.ASCII), fullmatch=True),
)


@pytest.mark.rule("NOTE-52", "NOTE-53")
@given(ANYTHING, st.integers(1, 10**6), st.integers(1, 10**5))
def test_every_answer_is_a_range_that_rfc_9110_allows(header: str, length: int, maximum: int) -> None:
    try:
        part = choose(header, length, maximum)
    except Unsatisfiable:
        return
    if part is None:
        assert not header.strip(" \t").lower().startswith("bytes=")
        return
    assert 0 <= part.first <= part.last < length
    assert 1 <= part.length <= maximum


@pytest.mark.rule("NOTE-52")
@given(st.integers(0, 2 * 10**6), st.integers(0, 2 * 10**6), st.integers(1, 10**6), st.integers(1, 10**5))
def test_an_asked_range_begins_where_asked_and_carries_nothing_unasked(a: int, b: int, length: int, most: int) -> None:
    try:
        part = choose(f"bytes={a}-{b}", length, most)
    except Unsatisfiable:
        assert a >= length or a > b
        return
    assert part is not None
    assert part.first == a
    assert part.last == min(b, length - 1, a + most - 1)


@pytest.mark.rule("NOTE-52")
@given(st.integers(0, 2 * 10**6), st.integers(1, 10**6), st.integers(1, 10**5))
def test_a_suffix_ends_the_file_or_as_far_as_one_answer_goes(n: int, length: int, most: int) -> None:
    try:
        part = choose(f"bytes=-{n}", length, most)
    except Unsatisfiable:
        assert n == 0
        return
    assert part is not None
    assert part.first == length - min(n, length)
    assert part.last == min(length - 1, part.first + most - 1)


@pytest.mark.rule("NOTE-52")
@given(st.binary(min_size=1, max_size=3_000), st.integers(1, 700), st.integers(1, 900))
def test_who_asks_for_the_rest_gets_the_whole_file(content: bytes, most: int, step: int) -> None:
    joined = b""
    while len(joined) < len(content):
        part = choose(f"bytes={len(joined)}-{len(joined) + step - 1}", len(content), most)
        assert part is not None
        joined += content[part.first : part.last + 1]
    assert joined == content
