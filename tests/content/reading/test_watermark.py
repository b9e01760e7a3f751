"""The watermark: what it says, who signed it, whom it leads to."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.content.reading import NoteViewSession, WatermarkIssue, verified
from chalicelib.content.reading.canonical import canonical
from chalicelib.content.reading.signing import ALPHABET, check_character
from chalicelib.identity.accounts import user_hash
from chalicelib.platform import clock, secrets, store
from chalicelib.platform.store import Query
from tests.content.desk import Desk
from tests.support.client import Response
from tests.support.people import Person
from tests.support.races import at_once


def drawn(desk: Desk, note: dict[str, Any], reader: Person, token: str) -> Response:
    """The facts as the viewer asks for them."""
    access = desk.people.token(reader.id, reader.session_id, "STUDENT")
    return desk.client.get(f"/v1/notes/{note['id']}/watermark", token=access, headers={"X-View-Token": token})


def signed(payload: dict[str, Any], keys: str) -> str:
    """The signature that somebody else computes over the payload, with the keys of the secret."""
    key = next(one for one in json.loads(keys) if one["keyId"] == payload["keyId"])
    unsigned = {name: value for name, value in payload.items() if name != "watermarkSignature"}
    plain = json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    digest = hmac.new(key["secret"].encode(), plain.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.mark.rule("SHIELD-06", "SHIELD-60", "SHIELD-61")
def test_it_names_the_reader_masked_and_what_they_read(desk: Desk) -> None:
    note, student = desk.note(title="मौलिक अधिकार"), desk.student()
    session = desk.open(note, student).json
    facts = drawn(desk, note, student, session["viewToken"]).json
    assert facts == session["watermark"]
    assert (facts["displayName"], facts["maskedEmail"]) == ("Asha Verma", "st***@e***.com")
    assert (facts["maskedPhone"], facts["userHash"]) == ("+91******3210", user_hash(student.id))
    assert (facts["noteId"], facts["noteTitle"], facts["subjectName"]) == (note["id"], "मौलिक अधिकार", "Subject 1")
    assert facts["viewSessionId"] == session["viewSessionId"]
    assert len(bytes.fromhex(facts["watermarkSeed"])) == len(bytes.fromhex(facts["forensicSeed"])) == 16
    display = facts["display"]
    assert (display["opacity"], display["strictOpacity"], display["shiftEverySeconds"]) == (0.12, 0.25, 25)
    assert display["texts"] == ["Asha Verma", "st***@e***.com", user_hash(student.id), facts["traceCode"]]
    assert student.email not in json.dumps(facts)


@pytest.mark.rule("SHIELD-60")
def test_the_forensic_seed_is_the_readers_and_the_other_the_sessions(desk: Desk) -> None:
    notes, student = [desk.note(), desk.note()], desk.student()
    first, second = (desk.open(note, student).json["watermark"] for note in notes)
    third = desk.open(notes[0], desk.student()).json["watermark"]
    assert first["forensicSeed"] == second["forensicSeed"] != third["forensicSeed"]
    assert len({one["watermarkSeed"] for one in (first, second, third)}) == 3
    assert len({one["traceCode"] for one in (first, second, third)}) == 3


@pytest.mark.rule("SHIELD-62")
def test_a_trace_code_shows_when_a_character_was_misread(desk: Desk) -> None:
    code = desk.open(desk.note(), desk.student()).json["watermark"]["traceCode"]
    assert [len(part) for part in code.split("-")] == [4, 4, 4]
    plain = code.replace("-", "")
    assert set(plain) <= set(ALPHABET)
    assert plain[-1] == check_character(plain[:-1])
    for position in range(11):
        for other in set(ALPHABET) - {plain[position]}:
            misread = plain[:position] + other + plain[position + 1 :]
            assert check_character(misread[:-1]) != misread[-1]


@pytest.mark.rule("SHIELD-62")
def test_a_code_or_four_characters_of_it_lead_to_the_reader(desk: Desk) -> None:
    note, student = desk.note(), desk.student()
    session = desk.open(note, student).json
    code = session["watermark"]["traceCode"].replace("-", "")
    issue = store.get(WatermarkIssue, WatermarkIssue.place(code))
    assert issue is not None
    assert (issue.user_id, issue.note_id) == (student.id, note["id"])
    assert (issue.view_session_id, issue.seed) == (session["viewSessionId"], session["watermark"]["watermarkSeed"])
    assert int(issue.ttl) >= clock.epoch() + 729 * 86_400
    (by_start,) = store.fetch(Query(WatermarkIssue, f"WM#{code[:4]}"), limit=5).items
    assert by_start.trace_code == code
    for index, partition in (("gsi1", f"USER#{student.id}#WM"), ("gsi2", f"NOTE#{note['id']}#WM")):
        (found,) = store.fetch(Query(WatermarkIssue, partition, index=index), limit=5).items
        assert found.row.as_dict()["trace_code"] == code


@pytest.mark.rule("SHIELD-63")
def test_it_is_the_same_byte_for_byte_until_it_rotates(desk: Desk) -> None:
    note, student = desk.note(), desk.student()
    session = desk.open(note, student).json
    token = session["viewToken"]
    bodies = {drawn(desk, note, student, token).body for _ in range(3)}
    desk.cloud.advance(250)
    renewal = desk.client.post(
        f"/v1/notes/{note['id']}/view-session/renew",
        token=student.token,
        headers={"X-View-Token": token},
        expect=200,
    ).json
    bodies.add(drawn(desk, note, student, renewal["viewToken"]).body)
    assert len(bodies) == 1
    assert renewal["watermark"] == session["watermark"]


@pytest.mark.rule("SHIELD-63")
@pytest.mark.parametrize("asking", ["watermark", "renew"])
def test_after_it_everything_is_new_and_parallel_askers_agree(desk: Desk, asking: str) -> None:
    note, student = desk.note(), desk.student()
    session = desk.open(note, student).json
    desk.cloud.advance(200)
    place = f"/v1/notes/{note['id']}/view-session/renew"
    renewal = desk.client.post(
        place, token=student.token, headers={"X-View-Token": session["viewToken"]}, expect=200
    ).json
    token = renewal["viewToken"]
    desk.cloud.advance(101)
    if asking == "renew":
        answer = desk.client.post(place, token=student.token, headers={"X-View-Token": token}, expect=200).json
        token, fresh = answer["viewToken"], answer["watermark"]
    else:
        answers = at_once([partial(drawn, desk, note, student, token)] * 8)
        assert {answer.status for answer in answers} == {200}
        assert len({answer.body for answer in answers}) == 1
        fresh = answers[0].json
    assert drawn(desk, note, student, token).json == fresh
    for name in ("watermarkSeed", "traceCode", "issuedAt", "watermarkSignature"):
        assert fresh[name] != session["watermark"][name]
    assert fresh["forensicSeed"] == session["watermark"]["forensicSeed"]
    issued = [item for item in desk.cloud.items() if item["kind"]["S"] == "WatermarkIssue"]
    assert len(issued) == 2


@pytest.mark.rule("SHIELD-64")
def test_the_signature_is_over_the_canonical_form_of_all_the_rest(desk: Desk) -> None:
    facts = desk.open(desk.note(title="Ärger, “quotes” \\ and ₹"), desk.student()).json["watermark"]
    keys = desk.cloud.secret("WATERMARK_SECRET")
    assert signed(facts, keys) == facts["watermarkSignature"]
    assert signed({**facts, "displayName": "Asha Verms"}, keys) != facts["watermarkSignature"]


@pytest.mark.rule("SHIELD-64")
def test_after_a_rotation_of_keys_an_open_session_keeps_its_key(desk: Desk) -> None:
    note, student = desk.note(), desk.student()
    session = desk.open(note, student).json
    old = json.loads(desk.cloud.secret("WATERMARK_SECRET"))
    keys = json.dumps([{"keyId": "w9", "secret": "another-secret-of-watermarks"}, *old])
    desk.cloud.put_secret("WATERMARK_SECRET", keys)
    secrets.forget()
    assert drawn(desk, note, student, session["viewToken"]).json == session["watermark"]
    fresh = desk.open(note, student).json["watermark"]
    assert fresh["keyId"] == "w9"
    assert signed(fresh, keys) == fresh["watermarkSignature"]


@pytest.mark.rule("SHIELD-06")
def test_it_needs_the_view_token(desk: Desk) -> None:
    note, student = desk.note(), desk.student()
    desk.open(note, student)
    assert drawn(desk, note, student, "nonsense").code == "VIEW_TOKEN_INVALID"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20) | st.floats(0.001, 1e6),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.rule("SHIELD-64")
@given(JSON)
def test_the_canonical_form_reads_back_and_is_one(value: Any) -> None:
    text = canonical(value)
    assert json.loads(text) == value
    assert canonical(json.loads(text)) == text


@pytest.mark.rule("SHIELD-64")
def test_the_canonical_form_is_that_of_rfc_8785() -> None:
    value = {"\u20ac": 1, "\r": 2.0, "\ufb33": 0.12, "1": [True, None], "\U0001f600": 'a\u0007"\\', "\u0080": 4.5e3}
    expected = '{"\\r":2,"1":[true,null],"\u0080":4500,"\u20ac":1,"\U0001f600":"a\\u0007\\"\\\\","\ufb33":0.12}'
    assert canonical(value).decode() == expected
    with pytest.raises(ValueError, match="plain decimal"):
        canonical(1e-9)


# Who is signed in, for screens without a note


@pytest.mark.rule("SHIELD-08")
def test_the_banner_is_the_same_for_an_hour_and_signed(desk: Desk) -> None:
    student = desk.student()
    desk.cloud.advance(3_600 - clock.epoch() % 3_600)

    def banner() -> Response:
        access = desk.people.token(student.id, student.session_id, "STUDENT")
        return desk.client.get("/v1/users/me/watermark", token=access, expect=200)

    first = banner()
    desk.cloud.advance(3_500)
    assert banner().body == first.body
    desk.cloud.advance(200)
    facts, later = first.json, banner().json
    assert first.headers["cache-control"] == "private, max-age=600"
    assert (facts["displayName"], facts["maskedEmail"], facts["userHash"]) == (
        "Asha Verma",
        "st***@e***.com",
        user_hash(student.id),
    )
    assert signed(facts, desk.cloud.secret("WATERMARK_SECRET")) == facts["watermarkSignature"]
    assert later["issuedAt"] != facts["issuedAt"]
    assert later["watermarkSignature"] != facts["watermarkSignature"]
    assert desk.client.get("/v1/users/me/watermark").status == 401


# What leads back to a reader


@pytest.mark.rule("SHIELD-64")
def test_only_exactly_what_we_signed_verifies(desk: Desk) -> None:
    facts = desk.open(desk.note(title="मौलिक अधिकार"), desk.student()).json["watermark"]
    signature = facts["watermarkSignature"]
    old = json.loads(desk.cloud.secret("WATERMARK_SECRET"))
    keys = json.dumps([{"keyId": "w9", "secret": "another-secret-of-watermarks"}, *old])
    desk.cloud.put_secret("WATERMARK_SECRET", keys)
    secrets.forget()
    bare = {name: value for name, value in facts.items() if name != "watermarkSignature"}
    assert verified(facts, signature)
    assert verified(bare, signature)
    forged: list[tuple[dict[str, Any], str]] = [
        ({**facts, "displayName": "Asha Verms"}, signature),
        ({**facts, "keyId": "w9"}, signature),
        ({**facts, "keyId": "unknown"}, signed({**facts, "keyId": old[0]["keyId"]}, keys)),
        ({**facts, "more": 1}, signature),
        ({**facts, "display": {**facts["display"], "opacity": 0.13}}, signature),
        ({**facts, "display": {**facts["display"], "opacity": 1e-9}}, signature),
        ({**facts, "displayName": "\ud800"}, signature),
        (facts, signature[:-1]),
        (facts, signature + "="),
        (facts, "\ud800"),
        (facts, ""),
        ({}, signature),
    ]
    assert [verified(payload, given) for payload, given in forged] == [False] * len(forged)


@pytest.mark.rule("SHIELD-65")
def test_an_issue_is_found_by_its_start_its_reader_its_session_and_its_note_and_time(desk: Desk) -> None:
    notes, students = [desk.note(), desk.note()], [desk.student(), desk.student()]
    sessions = {}
    for note in notes:
        for student in students:
            sessions[note["id"], student.id] = desk.open(note, student, expect=201).json
            desk.cloud.advance(1)
    session = sessions[notes[0]["id"], students[0].id]
    between = (clock.iso(clock.now() - timedelta(minutes=1)), clock.iso(clock.now()))
    desk.cloud.advance(310)
    headers = {"X-View-Token": session["viewToken"]}
    place = f"/v1/notes/{notes[0]['id']}/view-session/renew"
    access = desk.people.token(students[0].id, students[0].session_id, "STUDENT")
    renewed = desk.client.post(place, token=access, headers=headers, expect=200).json
    codes = [one["watermark"]["traceCode"].replace("-", "") for one in (renewed, session)]

    def found(query: Query[WatermarkIssue]) -> list[str]:
        return [issue.row.as_dict()["trace_code"] for issue in store.every(query)]

    for characters in (codes[0][:4], codes[0][:7], codes[0]):
        assert found(WatermarkIssue.starting(characters)) == [codes[0]]
    assert found(WatermarkIssue.of_user(students[0].id))[0] == codes[0]
    assert len(found(WatermarkIssue.of_user(students[0].id))) == 3
    entry = store.get(NoteViewSession, NoteViewSession.place(session["viewSessionId"]))
    assert entry is not None
    assert found(WatermarkIssue.of_session(entry)) == codes
    assert len(found(WatermarkIssue.of_note(notes[0]["id"], between=between))) == 2
    assert codes[0] not in found(WatermarkIssue.of_note(notes[0]["id"], between=between))
