"""Lists: pages, cursors that open nothing else, filters (HTTP-16 … HTTP-18)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.platform.errors import CursorInvalid
from chalicelib.platform.http import cursors
from infra.local.emulator import Emulator
from tests.platform.http.samples import add_rows
from tests.support.client import Client, Response
from tests.support.people import People

START = {"pk": "SAMPLES", "sk": "b"}


def names(answer: Response) -> list[str]:
    return [one["name"] for one in answer.json["items"]]


@pytest.mark.rule("HTTP-16")
def test_pages_follow_each_other_to_the_end(samples: Client, people: People) -> None:
    add_rows(*"abcdefg")
    token = people.student().token
    found, cursor, pages = [], None, 0
    while True:
        query = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        answer = samples.get("/v1/samples", query=query, token=token, expect=200)
        found += names(answer)
        cursor, pages = answer.json["nextCursor"], pages + 1
        if cursor is None:
            break
    assert found == list("abcdefg")
    assert pages == 3


@pytest.mark.rule("HTTP-16")
def test_the_page_that_ends_exactly_at_the_end_is_the_last(samples: Client, people: People) -> None:
    add_rows(*"abcd")
    token = people.student().token
    first = samples.get("/v1/samples?limit=2", token=token)
    last = samples.get("/v1/samples", query={"limit": 2, "cursor": first.json["nextCursor"]}, token=token)
    assert names(last) == ["c", "d"]
    # DynamoDB may say that more follows when nothing does; then one empty page ends the list.
    while last.json["nextCursor"]:
        last = samples.get("/v1/samples", query={"limit": 2, "cursor": last.json["nextCursor"]}, token=token)
        assert names(last) == []


@pytest.mark.rule("HTTP-16")
def test_who_inserts_meanwhile_disturbs_no_page(samples: Client, people: People) -> None:
    before = [f"m{number:02d}" for number in range(12)]
    add_rows(*before)
    token = people.student().token
    found, cursor = [], None
    for number in range(40):
        query = {"limit": 1, **({"cursor": cursor} if cursor else {})}
        answer = samples.get("/v1/samples", query=query, token=token, expect=200)
        found += names(answer)
        cursor = answer.json["nextCursor"]
        if cursor is None:
            break
        add_rows(f"a{number:02d}", f"m{number:02d}x", f"z{number:02d}")
        if number > 30:
            break
    assert [name for name in found if name in before] == before


@pytest.mark.rule("HTTP-16")
def test_limits_of_a_page(samples: Client, people: People) -> None:
    add_rows(*(f"{number:03d}" for number in range(25)))
    token = people.student().token
    assert len(names(samples.get("/v1/samples", token=token))) == 20
    assert len(names(samples.get("/v1/samples?limit=100", token=token))) == 25
    for wrong in ("0", "101", "-1", "x", ""):
        answer = samples.get("/v1/samples", query={"limit": wrong}, token=token)
        assert set(answer.issues) == {"query.limit"}


@pytest.mark.rule("HTTP-18")
def test_a_sort_that_the_list_does_not_have_is_refused(samples: Client, people: People) -> None:
    token = people.student().token
    assert samples.get("/v1/samples?sort=name", token=token).status == 200
    assert samples.get("/v1/samples?sort=price", token=token).issues == {"query.sort": "LITERAL_ERROR"}


@pytest.mark.rule("HTTP-16")
def test_a_cursor_opens_nothing_else(samples: Client, people: People, cloud: Emulator) -> None:
    add_rows(*"abcd")
    own, other = people.student(), people.student()
    cursor = samples.get("/v1/samples?limit=2", token=own.token).json["nextCursor"]
    for path, token, more in (
        ("/v1/samples", other.token, {}),
        ("/v1/samples-too", own.token, {}),
        ("/v1/samples", own.token, {"color": "red"}),
    ):
        answer = samples.get(path, query={"limit": 2, "cursor": cursor, **more}, token=token)
        assert (answer.status, answer.code) == (400, "CURSOR_INVALID")
    # Another page size is no other list.
    assert names(samples.get("/v1/samples", query={"limit": 1, "cursor": cursor}, token=own.token)) == ["c"]
    cloud.advance(24 * 3600 + 1)
    late = people.token(own.id, own.session_id, own.user_type)
    assert samples.get("/v1/samples", query={"cursor": cursor}, token=late).code == "CURSOR_INVALID"


@pytest.mark.rule("HTTP-16")
def test_a_cursor_of_another_stage_does_not_open(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    cursor = cursors.seal("list", "me", {}, START)
    assert cursors.open_("list", "me", {}, cursor) == START
    monkeypatch.setenv("STAGE", "local")
    with pytest.raises(CursorInvalid):
        cursors.open_("list", "me", {}, cursor)


@pytest.mark.rule("HTTP-16")
def test_a_cursor_reveals_nothing_and_no_flipped_bit_opens_it(cloud: Emulator) -> None:
    cursor = cursors.seal("list", "me", {}, {"pk": "USER#somebody", "sk": "ORDER#7"})
    assert cursor is not None
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert b"USER" not in raw
    assert b"ORDER" not in raw
    for position in range(len(cursor)):
        flipped = "A" if cursor[position] != "A" else "B"
        with pytest.raises(CursorInvalid):
            cursors.open_("list", "me", {}, cursor[:position] + flipped + cursor[position + 1 :])
    for wrong in (cursor[:-1], cursor + "A", cursor + "=", cursor[:10], "ключ"):
        with pytest.raises(CursorInvalid):
            cursors.open_("list", "me", {}, wrong)


@pytest.mark.rule("HTTP-16")
@given(st.text(max_size=80))
@settings(max_examples=100, deadline=None)
def test_any_text_is_refused_as_a_cursor(emulator: Emulator, text: str) -> None:
    with pytest.raises(CursorInvalid):
        cursors.open_("list", "me", {}, text)


@pytest.mark.rule("HTTP-17")
def test_a_filtered_list_reads_at_most_five_pages_of_the_table(
    samples: Client, people: People, cloud: Emulator
) -> None:
    add_rows(*(f"{number:04d}" for number in range(1_100)))
    add_rows("9999", color="green")
    token = people.student().token
    with cloud.calls.during() as calls:
        first = samples.get("/v1/samples?color=green", token=token, expect=200)
    assert names(first) == []
    assert first.json["nextCursor"] is not None
    assert sum(call.operation == "Query" for call in calls) == 5
    second = samples.get("/v1/samples", query={"color": "green", "cursor": first.json["nextCursor"]}, token=token)
    assert names(second) == ["9999"]
    assert second.json["nextCursor"] is None
