"""From a request for a note's bytes to the access log, to usage, to signals and what follows from them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.content.reading import NoteReader
from chalicelib.content.shield import NoteAccessLog, watching
from chalicelib.content.shield.items import ReadMark, SessionWatch
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.content.shield.reading import PHONE, Reading, asked_of
from tests.support.races import at_once, round_trips, to_next_window

SMALL = pdf(2)
LARGE = pdf(4, filler=9 * 1_048_576)


@pytest.fixture
def reading(desk: Desk) -> Reading:
    return Reading(desk, SMALL)


@pytest.mark.rule("SHIELD-30", "SHIELD-48", "SHIELD-54")
def test_each_request_that_is_served_has_a_line(cloud: Emulator, reading: Reading) -> None:
    to_next_window(cloud, 120)
    answers = [reading.ask(0, 9), reading.ask(None), reading.ask(method="HEAD"), reading.ask(9_999_999, 9_999_999_9)]
    same = reading.ask(None, headers={"If-None-Match": answers[0].headers["etag"]})
    assert [one.status for one in (*answers, same)] == [206, 200, 200, 416, 304]
    cloud.drain()
    lines = reading.log()
    assert [(one["status"], one["bytes_served"]) for one in lines] == [(206, 10), (200, len(SMALL)), (200, 0)]
    first = lines[0]
    assert first == {
        "id": first["id"],
        "user_id": reading.reader.id,
        "note_id": reading.note["id"],
        "view_session_id": reading.session_id,
        "kind": "CONTENT",
        "ip": "198.51.100.7",
        "user_agent": PHONE,
        "range_start": 0,
        "range_end": 9,
        "bytes_served": 10,
        "status": 206,
        "request_id": answers[0].headers["x-request-id"],
        "created_at": first["created_at"],
    }
    month, day = first["created_at"][:7], first["created_at"][:10]
    for query in (NoteAccessLog.of_note(reading.note["id"], month), NoteAccessLog.of_day(day)):
        assert [one.facts["id"] for one in store.every(query)] == [one["id"] for one in reversed(lines)]
    stored = store.get(NoteAccessLog, NoteAccessLog.place(reading.note["id"], first["id"]))
    assert stored is not None
    assert abs(int(stored.ttl or 0) - clock.epoch() - 180 * 86_400) < 600
    usage = reading.usage()
    assert (usage.requests, usage.bytes, usage.sessions, usage.peak) == (3, 10 + len(SMALL), 1, 3)
    assert usage.note_ids == {reading.note["id"]}
    assert reading.signals() == {}


@pytest.mark.rule("SHIELD-54")
def test_address_and_user_agent_stand_in_clear_in_log_and_register_alone(cloud: Emulator, reading: Reading) -> None:
    reading.ask()
    seen: list[dict[str, Any]] = []
    cloud.pumps.on_stream = seen.append
    cloud.drain()
    cloud.pumps.on_stream = None
    clear = {item["kind"]["S"] for item in cloud.items() if any(one in str(item) for one in (PHONE, reading.source_ip))}
    assert clear == {"NoteAccessLog", "NoteViewSession"}
    told = asked_of(reading).model_dump_json()
    assert PHONE not in told
    assert reading.source_ip not in told


@pytest.mark.rule("SHIELD-30")
def test_a_request_told_again_or_by_a_name_of_the_readers_choice_is_one_line(cloud: Emulator, reading: Reading) -> None:
    for _ in range(2):
        reading.ask(headers={"X-Request-Id": "always-the-same"})
    cloud.drain()
    assert [one["request_id"] for one in reading.log()] == ["always-the-same"] * 2
    before = (reading.log(), reading.usage().requests, reading.session())
    event = asked_of(reading)
    for _ in range(2):
        assert watching.follow(event) == []
    at_once([partial(watching.follow, event)] * 4)
    assert (reading.log(), reading.usage().requests, reading.session()) == before


@pytest.mark.rule("SHIELD-30")
def test_following_a_request_costs_two_round_trips(cloud: Emulator, reading: Reading) -> None:
    reading.ask()
    with cloud.calls.during() as calls:
        watching.follow(asked_of(reading))
    assert [call.operation for call in calls][1:] == ["BatchGetItem", "TransactWriteItems"]
    assert round_trips(calls) == 3  # the first finds the event for this test


@pytest.mark.rule("SHIELD-48")
def test_a_sample_has_the_first_of_a_session_strict_ones_and_none_twice(
    cloud: Emulator, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_NOTE_ACCESS_SAMPLE_RATE", "0")
    for _ in range(3):
        reading.ask()
        cloud.drain()
    assert len(reading.log()) == 1
    assert reading.usage().requests == 3
    event = asked_of(reading)
    assert watching.follow(event) == []
    assert reading.usage().requests == 3
    assert store.get(ReadMark, ReadMark.place(reading.session_id, event.id)) is not None
    path = NoteReader.sessions[reading.session_id]
    store.update(NoteReader, NoteReader.place(reading.reader.id, reading.note["id"]), [path["strict"].set(True)])
    reading.ask()
    cloud.drain()
    assert len(reading.log()) == 2
    monkeypatch.setenv("LOG_NOTE_ACCESS_SAMPLE_RATE", "0.5")
    kept = [watching._sampled(f"{number:026}") for number in range(1_000)]
    assert 400 < sum(kept) < 600


@pytest.mark.rule("SHIELD-48")
def test_refusals_by_a_ban_are_always_logged_and_others_are_not(
    cloud: Emulator, reading: Reading, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOG_NOTE_ACCESS_SAMPLE_RATE", "0")
    card = AccessCard.place(reading.reader.id)
    store.update(AccessCard, card, [AccessCard.note_bans.set({"*": clock.epoch() + 60})])
    other = desk.note(content=SMALL, subject={"id": reading.note["subjectId"]})
    path = f"/v1/notes/{other['id']}"
    asked = (desk.client.get(f"{path}/{kind}", token=reading.reader.token) for kind in ("content", "pages/1"))
    for answer in (reading.ask(), reading.ask(), *asked):
        assert (answer.status, answer.json["details"]["reason"]) == (403, "NOTE_BANNED")
    cloud.drain()
    lines = reading.log()
    assert [(one["status"], one["kind"], one["bytes_served"]) for one in lines] == [
        *[(403, "CONTENT", 0)] * 3,
        (403, "PAGE", 0),
    ]
    assert [one["note_id"] for one in lines] == [reading.note["id"]] * 2 + [other["id"]] * 2
    assert "view_session_id" not in lines[0]
    store.update(AccessCard, card, [AccessCard.note_bans.set({})])
    reading.token = reading.token[:-4] + "AAAA"
    assert reading.ask().status == 401
    cloud.drain()
    assert len(reading.log()) == 4


@pytest.mark.rule("SHIELD-49")
def test_staff_are_logged_as_staff_and_meet_no_signal_of_the_limit(
    cloud: Emulator, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_NOTE_CONTENT", "2/120")
    reading = Reading(desk, SMALL, desk.editor)
    to_next_window(cloud, 120)
    reading.open()
    assert [reading.ask().status for _ in range(6)].count(429) == 4
    cloud.drain()
    assert {one["kind"] for one in reading.log()} == {"STAFF"}
    assert reading.signals() == {}


@pytest.mark.rule("SHIELD-50", "SHIELD-40", "SHIELD-52")
def test_many_requests_at_once_are_a_signal_and_make_the_session_strict(
    cloud: Emulator, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_NOTE_CONTENT", "8/120")
    to_next_window(cloud, 120)
    reading.open()
    answers = at_once([partial(reading.ask, 0, 9)] * 44)
    assert [sum(one.status == status for one in answers) for status in (206, 429)] == [8, 36]
    cloud.drain()
    found = reading.signals()
    assert {"TOO_MANY_REQUESTS HIGH", "TOO_MANY_REQUESTS LOW"} <= set(found)
    assert {one.split()[0] for one in found} == {"TOO_MANY_REQUESTS"}
    session = reading.session()
    assert session["strict"]
    assert int(session["score"]) == sum({"LOW": 1, "MEDIUM": 5, "HIGH": 20}[one.split()[1]] for one in found)
    # Nobody is shut out for it; the session goes on with a quarter of the limit.
    assert session.get("revoked_at") is None
    cloud.advance(121)
    assert [reading.ask().status for _ in range(3)] == [206, 206, 429]
    card = store.get(AccessCard, AccessCard.place(reading.reader.id))
    assert card is not None
    assert (card.status, plain(card.note_bans)) == ("ACTIVE", {})
    assert len(reading.log()) == 8


@pytest.mark.rule("SHIELD-51")
def test_repetitions_raise_the_count_of_one_signal_in_ten_minutes(
    cloud: Emulator, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RATE_NOTE_CONTENT", "1/600")
    to_next_window(cloud, 600)
    reading.open()
    for expected in ({"TOO_MANY_REQUESTS LOW": 2}, {"TOO_MANY_REQUESTS LOW": 6}):
        for _ in range(5 if len(reading.signals()) == 0 else 4):
            reading.ask()
        cloud.drain()
        assert reading.signals() == expected
    assert int(reading.session()["score"]) == 1
    watch = store.get(SessionWatch, SessionWatch.place(reading.session_id))
    assert watch is not None
    assert int(watch.score) == 1


@pytest.mark.rule("SHIELD-50", "SHIELD-52", "SHIELD-30")
def test_a_file_taken_range_by_range_ends_the_session(cloud: Emulator, desk: Desk) -> None:
    reading = Reading(desk, LARGE)
    to_next_window(cloud, 120)
    reading.open()
    step = len(LARGE) // 40 + 1
    for number in range(30):
        assert reading.ask(number * step, (number + 1) * step - 1).status == 206
    cloud.drain()
    assert "RANGE_SCRAPE HIGH" in reading.signals()
    assert reading.ask().code == "VIEW_TOKEN_INVALID"
    session, registered = reading.session(), reading.registered()
    assert session["revoked_reason"] == registered.revoked_reason == "SCRAPE"
    assert session["strict"]
    assert registered.ended_at is not None
    # People decide about the person: a new session opens.
    reading.open()
    assert reading.ask().status == 206


@pytest.mark.rule("SHIELD-52")
def test_high_signals_may_be_told_to_revoke_nothing(
    cloud: Emulator, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIELD_REVOKE_ON_HIGH", "false")
    for agent in ("one", "two", "three"):
        reading.ask(agent=agent)
    cloud.drain()
    assert reading.signals()["TOKEN_REUSE HIGH"] == 2
    assert reading.session()["strict"]
    assert reading.ask().status == 206


@pytest.mark.rule("SHIELD-50", "SHIELD-52")
def test_a_token_on_three_devices_in_turn_ends_the_session_and_blocks_nobody(cloud: Emulator, reading: Reading) -> None:
    for agent in ("one", "two", "three"):
        assert reading.ask(agent=agent).status == 206
    cloud.drain()
    assert set(reading.signals()) == {"UA_CHANGED LOW", "TOKEN_REUSE HIGH"}
    assert reading.ask().code == "VIEW_TOKEN_INVALID"
    assert reading.registered().revoked_reason == "REUSE"
    card = store.get(AccessCard, AccessCard.place(reading.reader.id))
    assert card is not None
    assert card.status == "ACTIVE"


@pytest.mark.rule("SHIELD-46", "SHIELD-50")
def test_another_network_or_browser_is_let_in_and_scored(cloud: Emulator, reading: Reading) -> None:
    for number in range(5):
        assert reading.ask(source_ip=f"198.51.{number}.7").status == 206
    assert reading.ask(agent="a newer browser", source_ip="198.51.4.9").status == 206
    cloud.drain()
    assert reading.signals() == {"IP_FLAPPING LOW": 1, "UA_CHANGED LOW": 1}
    session = reading.session()
    assert (int(session["score"]), bool(session["strict"])) == (2, False)


@pytest.mark.rule("SHIELD-30")
def test_the_register_follows_reading_and_renewing(cloud: Emulator, reading: Reading) -> None:
    opened = reading.registered()
    cloud.advance(100)
    reading.ask()
    cloud.drain()
    seen = reading.registered().last_seen_at
    assert (seen - opened.last_seen_at).total_seconds() >= 99
    cloud.advance(140)
    renewed = reading.desk.client.post(
        f"/v1/notes/{reading.note['id']}/view-session/renew",
        token=reading.reader.token,
        headers={"X-View-Token": reading.token},
        expect=200,
    ).json
    cloud.drain()
    found = reading.registered()
    assert int(found.renewals) == 1
    assert clock.iso(found.expires_at) == plain(found.row)["expires_at"] == renewed["expiresAt"]


@pytest.mark.rule("SHIELD-30")
def test_usage_names_at_most_two_hundred_notes_and_counts_the_busiest_minute(cloud: Emulator, reading: Reading) -> None:
    to_next_window(cloud, 120)
    reading.ask()
    cloud.drain()
    usage = reading.usage()
    store.put(_with_notes(usage, {f"note {number}" for number in range(200)}))
    for _ in range(3):
        reading.ask()
    cloud.advance(60)
    reading.ask()
    cloud.drain()
    usage = reading.usage()
    assert (usage.requests, usage.peak, usage.minute_requests) == (5, 4, 1)
    assert len(usage.note_ids) == 200


def _with_notes(usage: Any, notes: set[str]) -> Any:
    usage.note_ids = notes
    return usage


@pytest.mark.rule("SHIELD-52", "SHIELD-60")
def test_a_strict_session_is_drawn_stronger_from_its_next_watermark_on(
    cloud: Emulator, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIELD_STRICT_SCORE", "1")

    def drawn() -> dict[str, Any]:
        place, headers = f"/v1/notes/{reading.note['id']}/watermark", {"X-View-Token": reading.token}
        return dict(reading.desk.client.get(place, token=reading.reader.token, headers=headers, expect=200).json)

    before = drawn()
    reading.ask(agent="another browser")
    cloud.drain()
    assert reading.session()["strict"]
    assert drawn() == before
    monkeypatch.setenv("WATERMARK_ROTATE_SECONDS", "60")
    cloud.advance(61)
    assert [one["display"]["opacity"] for one in (before, drawn())] == [0.12, 0.25]


@pytest.mark.rule("SHIELD-66", "SHIELD-50")
@pytest.mark.parametrize("required", ["true", "false"])
def test_reading_on_under_an_old_watermark_is_a_signal(
    cloud: Emulator, reading: Reading, monkeypatch: pytest.MonkeyPatch, required: str
) -> None:
    monkeypatch.setenv("WATERMARK_ROTATE_SECONDS", "60")
    monkeypatch.setenv("SHIELD_REQUIRE_FRESH", required)
    cloud.advance(179)
    assert reading.ask().status == 206
    cloud.advance(2)
    assert reading.ask().status == (401 if required == "true" else 206)
    cloud.drain()
    assert reading.signals() == {"WATERMARK_STALE MEDIUM": 1}
    assert int(reading.session()["score"]) == 5
    assert len(reading.log()) == (1 if required == "true" else 2)


@pytest.mark.rule("SHIELD-30", "SHIELD-48", "NOTE-57")
def test_single_pages_and_previews_are_logged_as_such(cloud: Emulator, reading: Reading) -> None:
    reading.ask()
    event = asked_of(reading)
    own = {"who": event.who, "range_start": None, "range_end": None, "bytes": 7}
    page = event.model_copy(update={**own, "kind": "PAGE", "page": 2})
    watching.follow(page)
    (line,) = reading.log()
    assert (line["kind"], line["page"], line["bytes_served"]) == ("PAGE", 2, 7)
    assert "range_start" not in line
    store.delete(NoteAccessLog, NoteAccessLog.place(reading.note["id"], event.id))
    preview = event.model_copy(update={**own, "kind": "PREVIEW", "view_session_id": None})
    assert watching.follow(preview) == []
    (line,) = reading.log()
    assert (line["kind"], "view_session_id" in line) == ("PREVIEW", False)
    assert (reading.usage().requests, reading.usage().sessions) == (2, 1)
