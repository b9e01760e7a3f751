"""Notes: bytes by ranges, to those who may."""

from __future__ import annotations

import io
import os
from functools import partial
from typing import Any

import pikepdf
import pytest

from tests.proofs.academy import Academy, Person, at_once

MIB = 1_048_576


def pdf_of(size: int) -> bytes:
    """A PDF of exactly ``size`` bytes: a page, and a stream that nothing compresses."""
    filler = size - 2_000
    while True:
        document = pikepdf.new()
        document.add_blank_page()
        document.Root.Filler = document.make_stream(os.urandom(filler))
        packed = io.BytesIO()
        document.save(packed, compress_streams=False, static_id=True)
        missing = size - len(packed.getvalue())
        if missing == 0:
            return packed.getvalue()
        if 0 < missing < 20:
            # A comment behind the end is part of no object.
            return packed.getvalue() + b"%" * missing
        filler += missing


def _reason(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["details"]["reason"]


def _code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


def _signals(academy: Academy, guard: Person, person: Person) -> dict[str, str]:
    """The signals about somebody: type → severity of the newest."""
    academy.drain()
    found = academy.ok("GET", "/v1/admin/security/signals", guard, params={"userId": person.id})["items"]
    return {one["type"]: one["severity"] for one in reversed(found)}


def _views(academy: Academy, guard: Person, person: Person) -> list[dict[str, Any]]:
    """Somebody's live view sessions, as security staff see them."""
    profile = academy.ok("GET", f"/v1/admin/security/users/{person.id}", guard)
    return list(profile["activeViewSessions"])


@pytest.fixture
def editor(academy: Academy) -> Person:
    return academy.sign_in("ADMIN_CONTENT")


@pytest.fixture(scope="module")
def plan(academy: Academy) -> str:
    return academy.plan(academy.sign_in("ADMIN_FINANCE"))


@pytest.fixture(scope="module")
def bought(academy: Academy, plan: str) -> Person:
    student = academy.register()
    academy.bought(student, plan)
    return student


@pytest.fixture
def subscriber(academy: Academy, bought: Person) -> Person:
    """Somebody with a subscription, signed in just now."""
    return academy.login(bought.email)


@pytest.fixture(scope="module")
def officer(academy: Academy) -> Person:
    return academy.colleague("ADMIN_SECURITY")


@pytest.fixture
def guard(academy: Academy, officer: Person) -> Person:
    """Somebody of the security staff, signed in just now."""
    return academy.login(officer.email, officer.password)


@pytest.mark.rule("NOTE-51", "NOTE-52", "NOTE-53", "FILE-66")
def test_a_large_note_comes_by_ranges(academy: Academy, editor: Person, subscriber: Person) -> None:
    content = pdf_of(20 * MIB)
    reader = academy.opened(subscriber, academy.note(editor, content))
    length = reader.session["contentLength"]
    whole = reader.get()
    assert (whole.status_code, whole.json()["code"]) == (400, "RANGE_REQUIRED")
    assert whole.headers["X-Content-Length"] == str(length)
    first = reader.get("bytes=0-")
    assert (first.status_code, len(first.content)) == (206, MIB)
    assert first.headers["Content-Range"] == f"bytes 0-{MIB - 1}/{length}"
    beyond = reader.get(f"bytes={length}-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, f"bytes */{length}")
    assert reader.get("bytes=5-2").status_code == 416
    assert reader.get("items=0-1").status_code == 400
    assert reader.get("bytes=0-9,20-29").content == first.content[:10]
    # Two sessions read half of it each: who takes a whole file in a row is stopped, as the next proof shows.
    half = len(range(0, length, MIB)) // 2 * MIB
    joined = b"".join(reader.get(f"bytes={at}-").content for at in range(0, half, MIB))
    reader = academy.opened(subscriber, reader.note_id)
    joined += b"".join(reader.get(f"bytes={at}-").content for at in range(half, length, MIB))
    assert len(joined) == length
    assert reader.get("bytes=-100").content == joined[-100:]
    with pikepdf.open(io.BytesIO(content)) as uploaded, pikepdf.open(io.BytesIO(joined)) as read:
        assert len(read.pages) == len(uploaded.pages)
        assert read.pages[0].mediabox == uploaded.pages[0].mediabox


@pytest.mark.rule("NOTE-51", "NOTE-54")
def test_a_small_note_comes_whole(academy: Academy, editor: Person, subscriber: Person) -> None:
    reader = academy.opened(subscriber, academy.note(editor, pdf_of(300 * 1024)))
    whole = reader.get()
    assert (whole.status_code, len(whole.content)) == (200, reader.session["contentLength"])
    assert len(pikepdf.open(io.BytesIO(whole.content)).pages) == 1
    head = reader.get(method="HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["X-Content-Length"] == str(len(whole.content))


@pytest.mark.rule("NOTE-43")
def test_no_storage_address_reaches_a_student(academy: Academy, editor: Person, subscriber: Person) -> None:
    note_id = academy.note(editor, pdf_of(64 * 1024))
    reader = academy.opened(subscriber, note_id)
    answers = [
        reader.get(),
        reader.get("bytes=0-9"),
        academy.call("GET", "/v1/notes", subscriber),
        academy.call("GET", f"/v1/notes/{note_id}", subscriber),
    ]
    for answer in answers:
        told = str(dict(answer.headers)) + ("" if "pdf" in answer.headers["Content-Type"] else answer.text)
        for word in ("amazonaws", "fileAssetId", "objectKey", "versionId", "pathshala-local-files"):
            assert word not in told


@pytest.mark.rule("SHIELD-40", "SHIELD-50")
def test_of_two_hundred_parallel_requests_sixty_pass(
    academy: Academy, editor: Person, subscriber: Person, guard: Person
) -> None:
    reader = academy.opened(subscriber, academy.note(editor, pdf_of(80 * 1024)))
    academy.next_window(120)
    answers = [answer for _ in range(4) for answer in at_once([lambda: reader.get("bytes=0-9")] * 50)]
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(206), statuses.count(429)) == (60, 140)
    assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 429)
    assert "TOO_MANY_REQUESTS" in _signals(academy, guard, subscriber)


@pytest.mark.rule("SHIELD-50", "SHIELD-52")
def test_whoever_takes_the_whole_file_in_a_row_is_stopped(
    academy: Academy, editor: Person, plan: str, guard: Person
) -> None:
    student = academy.register()
    academy.bought(student, plan)
    reader = academy.opened(student, academy.note(editor, pdf_of(40 * MIB)))
    academy.next_window(120)
    taken = [reader.get(f"bytes={at * MIB}-{(at + 1) * MIB - 1}").status_code for at in range(36)]
    assert taken[:30] == [206] * 30
    assert _signals(academy, guard, student)["RANGE_SCRAPE"] == "HIGH"
    assert _code(reader.get("bytes=0-9")) == (401, "VIEW_TOKEN_INVALID")
    assert academy.opened(student, reader.note_id).get("bytes=0-9").status_code == 206


@pytest.mark.rule("SHIELD-44")
def test_of_thirty_parallel_openings_two_are_live(academy: Academy, editor: Person, plan: str, guard: Person) -> None:
    student = academy.register()
    academy.bought(student, plan)
    note_id = academy.note(editor, pdf_of(40 * 1024))
    version = academy.opened(student, note_id).session["notice"]["version"]
    path, given = f"/v1/notes/{note_id}/view-session", {"acceptNotice": version}
    outcomes = at_once([lambda: academy.call("POST", path, student, json=given)] * 30)
    assert {answer.status_code for answer in outcomes} <= {201, 409, 429}
    opened = [answer.json()["viewSessionId"] for answer in outcomes if answer.status_code == 201]
    assert len(_views(academy, guard, student)) == 2
    assert len(opened) >= 2


@pytest.mark.rule("SHIELD-50", "SHIELD-52")
def test_one_token_on_three_devices_is_ended(academy: Academy, editor: Person, plan: str, guard: Person) -> None:
    student = academy.register()
    academy.bought(student, plan)
    reader = academy.opened(student, academy.note(editor, pdf_of(40 * 1024)), **{"User-Agent": "First/1.0"})
    for number in range(9):
        assert reader.get("bytes=0-9", User_Agent=f"Phone-{number % 3}/1.0").status_code in {206, 401}
        academy.drain()
    assert _signals(academy, guard, student)["TOKEN_REUSE"] == "HIGH"
    assert _code(reader.get("bytes=0-9")) == (401, "VIEW_TOKEN_INVALID")
    assert academy.call("GET", "/v1/users/me", student).status_code == 200


@pytest.mark.rule("SHIELD-70", "SHIELD-47", "NOTE-41")
def test_bans_logouts_and_unpublishing_count_from_the_next_request(
    academy: Academy, editor: Person, plan: str, guard: Person
) -> None:
    student = academy.register()
    academy.bought(student, plan)
    note_id = academy.note(editor, pdf_of(40 * 1024))
    reader = academy.opened(student, note_id)
    bans = f"/v1/admin/security/users/{student.id}/notes/ban"
    assert reader.get("bytes=0-9").status_code == 206
    academy.ok("POST", bans, guard, json={"noteId": note_id, "durationHours": 2, "reason": "Shared pages"})
    refused = reader.get("bytes=0-9")
    assert _reason(refused) == (403, "NOTE_BANNED")
    assert refused.json()["details"]["endsAt"]
    academy.ok("DELETE", f"{bans}/{note_id}", guard, params={"reason": "A mistake"})
    assert reader.get("bytes=0-9").status_code == 206
    academy.ok("POST", f"/v1/admin/notes/{note_id}/unpublish", editor)
    assert reader.get("bytes=0-9").status_code == 404
    academy.ok("POST", f"/v1/admin/notes/{note_id}/publish", editor)
    assert reader.get("bytes=0-9").status_code == 206
    academy.ok("POST", f"/v1/admin/users/{student.id}/force-logout", guard, json={"reason": "Shared pages"})
    assert reader.get("bytes=0-9").status_code == 401


@pytest.mark.rule("SHIELD-20", "SHIELD-19", "SHIELD-63")
def test_a_leaked_page_leads_to_its_reader(academy: Academy, editor: Person, subscriber: Person, guard: Person) -> None:
    reader = academy.opened(subscriber, academy.note(editor, pdf_of(40 * 1024)))
    facts = reader.session["watermark"]
    code = facts["traceCode"].replace("-", "")
    given = {"traceCode": code[:8]}
    found = academy.ok("POST", "/v1/admin/security/watermarks/trace", guard, json=given)["candidates"]
    mine = next(one for one in found if one["viewSessionId"] == reader.session["viewSessionId"])
    assert (mine["user"]["id"], mine["note"]["id"]) == (subscriber.id, reader.note_id)
    assert mine["issuedAt"] == facts["issuedAt"]
    payload = {name: value for name, value in facts.items() if name != "watermarkSignature"}
    for forged, valid in ((payload, True), ({**payload, "displayName": "Somebody Else"}, False)):
        given = {"payload": forged, "watermarkSignature": facts["watermarkSignature"]}
        said = academy.ok("POST", "/v1/admin/security/watermarks/verify", guard, json=given)
        assert said["valid"] is valid
    assert reader.call("GET", "watermark").json() == facts
    academy.advance(299)
    renewed = reader.call("POST", "view-session/renew")
    assert renewed.status_code == 200, renewed.text
    reader.session["viewToken"] = renewed.json()["viewToken"]
    academy.advance(5)
    later = [answer.json() for answer in at_once([lambda: reader.call("GET", "watermark")] * 6)]
    assert all(one == later[0] for one in later)
    for name in ("watermarkSeed", "traceCode", "watermarkSignature"):
        assert later[0][name] != facts[name]


@pytest.mark.rule("NOTE-16")
def test_fifty_notes_are_published_at_once_but_for_the_incomplete_one(academy: Academy, editor: Person) -> None:
    subject, resting = academy.subject(editor), academy.subject(editor)
    asset = academy.upload(editor, pdf_of(40 * 1024))

    def draft(number: int) -> str:
        given = {"title": f"Note {number}", "isPremium": False, "fileAssetId": asset}
        given["subjectId"] = resting if number == 17 else subject
        return str(academy.ok("POST", "/v1/admin/notes", editor, json=given)["id"])

    drafts = [draft(number) for number in range(50)]
    academy.ok("PATCH", f"/v1/admin/subjects/{resting}", editor, json={"isActive": False})
    path = "/v1/admin/notes/bulk-publish"
    told = academy.ok("POST", path, editor, json={"noteIds": drafts})
    assert (told["published"], told["failed"]) == (49, 1)
    assert [one["id"] for one in told["results"] if not one["ok"]] == [drafts[17]]
    assert told["results"][17]["code"] == "NOTE_INCOMPLETE"
    boss = academy.sign_in("ADMIN_SUPER")
    for action, about, count in (("note.publish", set(drafts), 49), ("note.bulk_publish", None, 1)):
        asked = {"action": action, "actorUserId": editor.id, "limit": 100}
        entries = academy.ok("GET", "/v1/admin/audit", boss, params=asked)["items"]
        assert len([one for one in entries if about is None or one["resourceId"] in about]) == count
    assert academy.call("POST", path, editor, json={"noteIds": [*drafts, subject]}).status_code == 422


@pytest.mark.rule("NOTE-31", "NOTE-02", "NOTE-42")
def test_notes_follow_a_topic_that_moves(academy: Academy, editor: Person) -> None:
    subject, other = academy.subject(editor), academy.subject(editor)
    topics = f"/v1/admin/subjects/{subject}/topics"
    old, new = (academy.ok("POST", topics, editor, json={"name": name})["id"] for name in ("Old", "New"))
    child = academy.ok("POST", topics, editor, json={"name": "Child", "parentId": old})["id"]
    beside = academy.ok("POST", topics, editor, json={"name": "Beside"})["id"]
    asset = academy.upload(editor, pdf_of(40 * 1024))
    given = {"subjectId": subject, "title": "Two topics", "isPremium": True, "fileAssetId": asset}
    given["topicIds"] = [child, beside]
    note_id = academy.ok("POST", "/v1/admin/notes", editor, json=given)["id"]
    academy.ok("POST", f"/v1/admin/notes/{note_id}/publish", editor)
    student, manager = academy.register(), academy.sign_in("ADMIN_FINANCE")
    academy.bought(student, academy.plan(manager, grants=[{"kind": "NOTES", "scope": {"topicIds": [new]}}]))
    asked = {"topicId": new, "includeSubtopics": "true"}

    def listed() -> list[str]:
        return [one["id"] for one in academy.ok("GET", "/v1/notes", student, params=asked)["items"]]

    academy.drain()
    path = f"/v1/notes/{note_id}/view-session"
    assert listed() == []
    assert academy.call("POST", path, student, json={}).status_code == 403
    academy.ok("PATCH", f"/v1/admin/topics/{child}", editor, json={"parentId": new})
    academy.drain()
    assert listed() == [note_id]
    assert academy.opened(student, note_id).get().status_code == 200
    tree = academy.ok("GET", "/v1/notes/tree", student, params={"subjectId": subject})
    named = {topic["name"]: topic for topic in tree["topics"]}
    assert [one["name"] for one in named["New"]["children"]] == ["Child"]
    assert [one["id"] for one in named["New"]["children"][0]["notes"]] == [note_id]
    assert [one["id"] for one in named["Beside"]["notes"]] == [note_id]
    assert named["Old"]["children"] == []
    foreign = academy.call("POST", "/v1/admin/notes", editor, json={**given, "subjectId": other})
    assert _code(foreign) == (422, "TOPIC_NOT_IN_SUBJECT")


@pytest.mark.rule("NOTE-61", "NOTE-62")
def test_progress_only_grows(academy: Academy, editor: Person) -> None:
    made = pikepdf.new()
    for _ in range(52):
        made.add_blank_page(page_size=(100, 100))
    out = io.BytesIO()
    made.save(out)
    note_id = academy.note(editor, out.getvalue(), premium=False)
    student, path = academy.register(), f"/v1/notes/{note_id}/progress"
    told = at_once([partial(academy.call, "POST", path, student, json={"lastPageRead": page}) for page in (3, 50, 10)])
    assert [answer.status_code for answer in told] == [200] * 3
    first = academy.ok("GET", path, student)
    assert (first["furthestPage"], first["percentComplete"], first["totalPages"]) == (50, 96.2, 52)
    assert first["completedAt"]
    academy.advance(60)
    academy.ok("POST", path, student, json={"lastPageRead": 52})
    last = academy.ok("GET", path, student)
    assert (last["furthestPage"], last["percentComplete"]) == (52, 100)
    assert last["completedAt"] == first["completedAt"]


@pytest.mark.rule("SHIELD-47", "ENT-17")
def test_premium_is_closed_before_during_and_after(academy: Academy, editor: Person, plan: str) -> None:
    note_id = academy.note(editor, pdf_of(64 * 1024))
    student = academy.register()
    path = f"/v1/notes/{note_id}/view-session"
    assert _reason(academy.call("POST", path, student, json={})) == (403, "NO_ENTITLEMENT")
    academy.bought(student, plan)
    reader = academy.opened(student, note_id)
    assert reader.get().status_code == 200
    stranger = academy.register()
    headers = {"X-View-Token": reader.session["viewToken"]}
    content = f"/v1/notes/{note_id}/content"
    assert academy.call("GET", content, stranger, headers=headers).status_code == 403
    academy.bought(stranger, plan)
    assert academy.call("GET", content, stranger, headers=headers).json()["code"] == "VIEW_TOKEN_INVALID"
    academy.advance(31 * 86_400)
    reader.person = academy.login(student.email)
    assert _reason(reader.get()) == (403, "ENTITLEMENT_EXPIRED")
