"""The bytes of a note, as a viewer asks for them."""

from __future__ import annotations

import tracemalloc
from functools import partial

import pytest

from chalicelib.content.notes.items import Note
from chalicelib.content.reading import NoteReader
from chalicelib.platform import clock, store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.http.ranges import slug
from tests.content.desk import DAY, Desk
from tests.content.paper import pdf
from tests.support.races import at_once, round_trips, to_next_window

M = 1_048_576
BIG = pdf(3, filler=20_971_520 - 2_000)
SMALL = pdf(3, filler=300_000)

UNCACHED = {
    "cache-control": "no-store, max-age=0",
    "pragma": "no-cache",
    "expires": "0",
    "surrogate-control": "no-store",
    "x-content-type-options": "nosniff",
    "accept-ranges": "bytes",
    "content-type": "application/pdf",
}


def opened(desk: Desk, content: bytes = SMALL, **note: object) -> tuple[dict, object, str]:  # type: ignore[type-arg]
    """A published note, a reader of it, and their view token."""
    made, student = desk.note(content=content, **note), desk.student()
    return made, student, desk.open(made, student, expect=201).json["viewToken"]


@pytest.mark.rule("SHIELD-04", "NOTE-51", "NOTE-52", "NOTE-53")
def test_a_large_note_by_ranges(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_NOTE_CONTENT", "off")
    note, student, token = opened(desk, BIG)
    ask = partial(desk.content, note, student, token)
    length = len(BIG)
    bare = ask()
    assert (bare.status, bare.code) == (400, "RANGE_REQUIRED")
    assert bare.json["details"] == {"contentLength": length, "maxRangeBytes": M}
    assert (bare.headers["accept-ranges"], bare.headers["x-content-length"]) == ("bytes", str(length))
    first = ask(Range="bytes=0-")
    assert (first.status, first.headers["content-range"]) == (206, f"bytes 0-{M - 1}/{length}")
    assert (first.headers["content-length"], first.body) == (str(M), BIG[:M])
    assert ask(Range="bytes=-100").body == BIG[-100:]
    several = ask(Range="bytes=0-9,20-29")
    assert (several.status, several.body, several.headers["content-range"]) == (206, BIG[:10], f"bytes 0-9/{length}")
    assert several.headers["content-type"] == "application/pdf"
    for wrong in (f"bytes={length}-", "bytes=5-2", "bytes=-0", "nonsense"):
        refused = ask(Range=wrong)
        assert (refused.status, refused.code) == (416, "RANGE_NOT_SATISFIABLE")
        assert refused.headers["content-range"] == f"bytes */{length}"
    assert ask(Range="items=0-1").code == "RANGE_REQUIRED"
    joined = b""
    while len(joined) < length:
        joined += ask(Range=f"bytes={len(joined)}-").body
    assert joined == BIG


@pytest.mark.rule("NOTE-51", "NOTE-54", "NOTE-55")
def test_a_small_note_whole_and_by_head(desk: Desk) -> None:
    note, student, token = opened(desk, SMALL, title="Fundamental Rights, part 2: “life”")
    whole = desk.content(note, student, token)
    assert (whole.status, whole.body) == (200, SMALL)
    assert UNCACHED.items() <= whole.headers.items()
    assert whole.headers["content-disposition"] == 'inline; filename="fundamental-rights-part-2-life.pdf"'
    assert whole.headers["etag"] == f'"n{note["id"]}-1"'
    assert {"content-encoding", "last-modified", "content-range"}.isdisjoint(whole.headers)
    part = desk.content(note, student, token, Range="bytes=0-99")
    assert (part.status, part.body) == (206, SMALL[:100])
    assert UNCACHED.items() <= part.headers.items()
    head = desk.content(note, student, token, method="HEAD", Range="bytes=0-9")
    assert (head.status, head.body) == (200, b"")
    assert (head.headers["x-content-length"], head.headers["etag"]) == (str(len(SMALL)), whole.headers["etag"])
    assert UNCACHED.items() <= head.headers.items()


@pytest.mark.rule("NOTE-54")
def test_preconditions(desk: Desk) -> None:
    note, student, token = opened(desk, BIG)
    ask = partial(desk.content, note, student, token)
    etag = f'"n{note["id"]}-1"'
    span = "bytes=0-9"
    assert ask(Range=span, If_Range=etag).status == 206
    for other in (f"W/{etag}", '"other"', "Fri, 20 Nov 2026 09:00:00 GMT"):
        assert ask(Range=span, If_Range=other).code == "RANGE_REQUIRED"
    for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
        answer = ask(Range=span, If_None_Match=known)
        assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
    assert ask(Range=span, If_None_Match='"other"').status == 206
    for right in (etag, f'"x", {etag}', "*"):
        assert ask(Range=span, If_Match=right).status == 206
    for wrong in ('"other"', f"W/{etag}", "nonsense"):
        assert ask(Range=span, If_Match=wrong).code == "VERSION_MISMATCH"
    assert ask(method="HEAD", If_None_Match=etag).status == 304


@pytest.mark.rule("NOTE-54")
def test_if_range_on_a_small_note_answers_the_whole(desk: Desk) -> None:
    note, student, token = opened(desk, SMALL)
    answer = desk.content(note, student, token, Range="bytes=0-9", If_Range='"other"')
    assert (answer.status, answer.body) == (200, SMALL)


@pytest.mark.rule("NOTE-50")
@pytest.mark.parametrize("maximum", [65_536, 4_194_304])
def test_the_most_of_one_answer_is_configured(desk: Desk, maximum: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTE_MAX_RANGE_BYTES", str(maximum))
    note, student = desk.note(content=BIG), desk.student()
    session = desk.open(note, student).json
    assert (session["maxRangeBytes"], session["recommendedChunkBytes"]) == (maximum, min(maximum, 524_288))
    assert desk.content(note, student, session["viewToken"], Range="bytes=0-").body == BIG[:maximum]


@pytest.mark.rule("NOTE-50")
def test_memory_does_not_depend_on_the_file(desk: Desk) -> None:
    peaks = []
    for content in (SMALL, BIG):
        note, student, token = opened(desk, content)
        desk.content(note, student, token, Range="bytes=0-65535")
        tracemalloc.start()
        desk.content(note, student, token, Range="bytes=0-65535")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # The emulated bucket holds and slices whole objects; beyond them a request needs what its range needs.
    assert peaks[1] - len(BIG) < peaks[0] + 2 * M


@pytest.mark.rule("SHIELD-41", "NOTE-03")
def test_a_range_costs_two_round_trips_and_a_note_one(desk: Desk) -> None:
    note, student, token = opened(desk, BIG)
    desk.content(note, student, token, Range="bytes=0-9")
    desk.cloud.calls.clear()
    desk.content(note, student, token, Range="bytes=0-524287")
    calls = list(desk.cloud.calls)
    assert sorted(call.operation for call in calls) == ["BatchGetItem", "GetObject", "UpdateItem"]
    assert round_trips(calls) == 2
    desk.cloud.calls.clear()
    desk.client.get(f"/v1/notes/{note['id']}", token=student.token)
    assert [call.operation for call in desk.cloud.calls] == ["BatchGetItem"]
    desk.cloud.calls.clear()
    desk.client.get("/v1/notes", token=student.token)
    assert sorted(call.operation for call in desk.cloud.calls) == ["GetItem", "Query"]


@pytest.mark.rule("SHIELD-40")
def test_of_any_number_at_once_exactly_sixty_pass(desk: Desk) -> None:
    note, student, token = opened(desk, SMALL)
    to_next_window(desk.cloud, 120)
    token = desk.open(note, student).json["viewToken"]
    ask = partial(desk.content, note, student, token, Range="bytes=0-9")
    answers = [answer for _ in range(4) for answer in at_once([ask] * 50)]
    passed = [answer for answer in answers if answer.status == 206]
    refused = [answer for answer in answers if answer.status == 429]
    assert (len(passed), len(refused)) == (60, 140)
    assert {answer.code for answer in refused} == {"RATE_LIMITED"}
    assert all(1 <= int(answer.headers["retry-after"]) <= 120 for answer in refused)
    reader = store.get(NoteReader, NoteReader.place(student.id, note["id"]))
    assert reader is not None
    assert int(reader.win_count) == 60
    desk.cloud.advance(121)
    fresh = desk.client.post(
        f"/v1/notes/{note['id']}/view-session/renew", token=student.token, headers={"X-View-Token": token}, expect=200
    ).json["viewToken"]
    assert desk.content(note, student, fresh, Range="bytes=0-9").headers["ratelimit-remaining"] == "59"


@pytest.mark.rule("SHIELD-40")
def test_the_limit_is_the_readers_over_all_sessions_and_heads(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RATE_NOTE_CONTENT", "4/3600")
    note, student, first = opened(desk, SMALL)
    second = desk.open(note, student).json["viewToken"]
    statuses = [
        desk.content(note, student, first).status,
        desk.content(note, student, second, method="HEAD").status,
        desk.content(note, student, first, Range="bytes=9999999-").status,
        desk.content(note, student, second, Range="bytes=0-0").status,
    ]
    assert statuses == [200, 200, 416, 206]
    # Over the limit comes before anything that is wrong with the range.
    assert desk.content(note, student, first, Range="bytes=9999999-").status == 429
    other = desk.student()
    token = desk.open(note, other).json["viewToken"]
    assert desk.content(note, other, token).status == 200


@pytest.mark.rule("SHIELD-40")
def test_a_strict_session_has_a_quarter(desk: Desk) -> None:
    note, student, _ = opened(desk, SMALL)
    to_next_window(desk.cloud, 120)
    session = desk.open(note, student).json
    store.update(
        NoteReader,
        NoteReader.place(student.id, note["id"]),
        [NoteReader.sessions[session["viewSessionId"]]["strict"].set(True)],
    )
    statuses = [desk.content(note, student, session["viewToken"], Range="bytes=0-9").status for _ in range(16)]
    assert statuses == [206] * 15 + [429]


@pytest.mark.rule("SHIELD-40")
def test_a_request_is_recorded_by_the_write_that_lets_it_pass(desk: Desk) -> None:
    note, student, token = opened(desk, SMALL)
    for _ in range(2):
        answer = desk.content(note, student, token, Range="bytes=10-19")
    reader = store.get(NoteReader, NoteReader.place(student.id, note["id"]))
    assert reader is not None
    (session,) = plain(reader.sessions).values()
    assert (session["requests"], session["bytes"]) == (2, 20)
    last = plain(reader.last)
    assert last["request_id"] == answer.headers["x-request-id"]
    assert (last["range_start"], last["range_end"], last["bytes"], last["kind"]) == (10, 19, 10, "CONTENT")
    assert int(reader.version) == 1


@pytest.mark.rule("NOTE-55")
def test_a_bucket_that_fails_is_502_and_can_be_asked_again(desk: Desk) -> None:
    note, student, token = opened(desk, SMALL)
    desk.cloud.fault("s3", "GetObject", "SlowDown", times=9)
    failed = desk.content(note, student, token, Range="bytes=0-9")
    assert (failed.status, failed.code, failed.headers["retry-after"]) == (502, "UPSTREAM_FAILED", "1")
    desk.cloud.faults.clear()
    assert desk.content(note, student, token, Range="bytes=0-9").body == SMALL[:10]


@pytest.mark.rule("NOTE-55")
def test_bytes_that_are_gone_are_502_and_an_alarm(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    note, student, token = opened(desk, SMALL)
    stored = store.get(Note, Note.place(note["id"]))
    assert stored is not None
    reader = NoteReader.sessions[token.split(".")[1]]
    store.update(NoteReader, NoteReader.place(student.id, note["id"]), [reader["object_key"].set("notes/gone.pdf")])
    assert desk.content(note, student, token, Range="bytes=0-9").status == 502
    assert "Alarm" in capsys.readouterr().out


@pytest.mark.rule("SHIELD-41", "SHIELD-47")
def test_the_order_of_refusals(desk: Desk) -> None:
    note = desk.note(content=SMALL, isPremium=True)
    owner, stranger = desk.student({}), desk.student()
    token = desk.open(note, owner, expect=201).json["viewToken"]
    place = f"/v1/notes/{note['id']}"
    assert desk.client.get(f"{place}/content", headers={"X-View-Token": token}).code == "TOKEN_MISSING"
    refused = desk.content(note, stranger, token)
    assert (refused.status, refused.json["details"]) == (403, {"reason": "NO_ENTITLEMENT"})
    entitled = desk.student({})
    assert desk.content(note, entitled, token).code == "VIEW_TOKEN_INVALID"
    # Each on the very next request.
    card = AccessCard.place(owner.id)
    store.update(AccessCard, card, [AccessCard.note_bans[note["id"]].set(clock.epoch() + 60)])
    assert desk.content(note, owner, token).json["details"]["reason"] == "NOTE_BANNED"
    store.update(AccessCard, card, [AccessCard.note_bans.set({})])
    assert desk.content(note, owner, token).status == 200
    desk.post(f"/v1/admin/notes/{note['id']}/unpublish", {"reason": "typo"}, 200)
    gone = desk.content(note, owner, token)
    assert (gone.status, gone.code) == (404, "NOTE_NOT_FOUND")
    desk.post(f"/v1/admin/notes/{note['id']}/publish", expect=200)
    store.update(AccessCard, card, [AccessCard.token_version.add(1), AccessCard.sessions.set({})])
    assert desk.content(note, owner, token).code == "SESSION_REVOKED"


@pytest.mark.rule("SHIELD-47")
def test_an_entitlement_that_ends_while_reading_stops_the_next_request(desk: Desk) -> None:
    note, student = desk.note(content=SMALL, isPremium=True), desk.student({"endsAt": clock.epoch() + 100})
    token = desk.open(note, student, expect=201).json["viewToken"]
    assert desk.content(note, student, token).status == 200
    desk.cloud.advance(101)
    headers = {"X-View-Token": token}
    place = f"/v1/notes/{note['id']}"
    answers = [
        desk.content(note, student, token),
        desk.content(note, student, token, method="HEAD"),
        desk.client.get(f"{place}/watermark", token=student.token, headers=headers),
        desk.client.post(f"{place}/view-session/renew", token=student.token, headers=headers),
        desk.open(note, student),
    ]
    assert [answer.status for answer in answers] == [403] * 5
    assert answers[0].json["details"] == {"reason": "ENTITLEMENT_EXPIRED"}


@pytest.mark.rule("NOTE-45")
def test_making_a_free_note_premium_counts_from_the_next_request(desk: Desk) -> None:
    note, student, token = opened(desk, SMALL)
    admin = f"/v1/admin/notes/{note['id']}"
    assert desk.content(note, student, token).status == 200
    desk.client.patch(admin, json={"isPremium": True}, token=desk.editor.token, expect=200)
    assert desk.content(note, student, token).json["details"] == {"reason": "NO_ENTITLEMENT"}
    desk.client.patch(admin, json={"isPremium": False}, token=desk.editor.token, expect=200)
    assert desk.content(note, student, token).status == 200


@pytest.mark.rule("NOTE-11")
def test_an_open_session_goes_on_with_the_file_it_began_with(desk: Desk) -> None:
    note, student, token = opened(desk, SMALL)
    other = pdf(7)
    changed = desk.client.patch(
        f"/v1/admin/notes/{note['id']}",
        json={"fileAssetId": desk.file(other)},
        token=desk.editor.token,
        expect=200,
    ).json
    assert (changed["fileVersion"], changed["pageCount"], len(changed["fileHistory"])) == (2, 7, 1)
    assert desk.content(note, student, token).body == SMALL
    fresh = desk.open(note, student).json
    assert (fresh["etag"], fresh["pageCount"]) == (f'"n{note["id"]}-2"', 7)
    assert desk.content(note, student, fresh["viewToken"]).body == other


@pytest.mark.rule("ACC-39", "SHIELD-47")
def test_staff_read_drafts_watermarked_like_anyone(desk: Desk) -> None:
    draft = desk.draft(content=SMALL, isPremium=True)
    session = desk.open(draft, desk.editor, expect=201).json
    assert session["watermark"]["maskedEmail"].startswith("ad***@")
    assert desk.content(draft, desk.editor, session["viewToken"]).body == SMALL
    reader = store.get(NoteReader, NoteReader.place(desk.editor.id, draft["id"]))
    assert reader is not None
    assert plain(reader.last)["kind"] == "STAFF"
    assert desk.open(draft, desk.student({"endsAt": clock.epoch() + DAY})).status == 404


@pytest.mark.rule("NOTE-55")
@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Économie & Finance!", "economie-finance"),
        ("मौलिक अधिकार", "note"),
        ("a" * 300, "a" * 80),
        ('x"; filename="y.exe', "x-filename-y-exe"),
    ],
)
def test_the_name_of_the_file_is_plain(title: str, expected: str) -> None:
    assert slug(title, otherwise="note") == expected
