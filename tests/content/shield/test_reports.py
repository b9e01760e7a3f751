"""What viewers report, and what they are told to do."""

from __future__ import annotations

from functools import partial

import pytest

from chalicelib.content.shield import NoteViewEvent
from chalicelib.content.shield.items import SessionWatch
from chalicelib.platform import clock, store
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.content.paper import pdf
from tests.content.shield.reading import Reading
from tests.support.races import at_once

SMALL = pdf(1)


@pytest.fixture
def reading(desk: Desk) -> Reading:
    return Reading(desk, SMALL)


def kept(reading: Reading) -> list[str]:
    """The types of the reports that are kept, oldest first."""
    return [str(one.type) for one in reversed(store.every(NoteViewEvent.of(reading.session_id)))]


@pytest.mark.rule("SHIELD-07", "SHIELD-57", "SHIELD-80")
def test_reports_warn_then_blur_and_never_end_a_session(cloud: Emulator, reading: Reading) -> None:
    calm = {"action": "NONE", "watermarkOpacity": 0.12, "message": None}
    warned = {**calm, "action": "WARN", "message": "Unauthorized copying was noticed and recorded."}
    assert reading.report("TAB_HIDDEN", "WINDOW_BLUR").json == calm
    assert reading.report("SCREEN_RECORDING").json == warned
    cloud.advance(1)
    assert reading.report(*["COPY_ATTEMPT"]).json == warned
    for number in range(13):
        cloud.advance(1)
        answer = reading.report("CAPTURE_BLOCKED" if number % 2 else "PRINT_ATTEMPT").json
    assert answer == {**warned, "action": "BLUR", "watermarkOpacity": 0.25}
    assert len(kept(reading)) == 17
    cloud.drain()
    assert reading.signals() == {"CLIENT_REPORT LOW": 14, "CLIENT_REPORT MEDIUM": 1}
    session = reading.session()
    assert (int(session["score"]), bool(session["strict"]), session.get("revoked_at")) == (6, False, None)
    assert reading.ask().status == 206


@pytest.mark.rule("SHIELD-52", "SHIELD-57")
def test_who_goes_on_reads_under_a_stronger_watermark(
    cloud: Emulator, reading: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIELD_STRICT_SCORE", "2")
    monkeypatch.setenv("SHIELD_WARNING", "Please stop.")
    assert reading.report("DEVTOOLS_OPEN").json["watermarkOpacity"] == 0.12
    cloud.drain()
    for agent in ("another browser", "another browser"):
        reading.ask(agent=agent)
    cloud.drain()
    assert reading.session()["strict"]
    assert reading.report("TAB_HIDDEN").json == {"action": "WARN", "watermarkOpacity": 0.25, "message": "Please stop."}


@pytest.mark.rule("SHIELD-07")
def test_a_report_that_comes_again_is_kept_once(cloud: Emulator, reading: Reading) -> None:
    at = clock.iso(clock.now())
    answers = at_once([partial(reading.report, "COPY_ATTEMPT", "PRINT_ATTEMPT", at=at, expect=None)] * 4)
    assert {one.status for one in answers} <= {200, 409}
    assert reading.report("COPY_ATTEMPT", "COPY_ATTEMPT", "PRINT_ATTEMPT", at=at).json["action"] == "NONE"
    assert sorted(kept(reading)) == ["COPY_ATTEMPT", "PRINT_ATTEMPT"]


@pytest.mark.rule("SHIELD-07", "SHIELD-42")
def test_only_who_reads_reports(desk: Desk, reading: Reading) -> None:
    path = f"/v1/notes/{reading.note['id']}/view-events"
    body = {"events": [{"type": "DEVTOOLS_OPEN", "at": clock.iso(clock.now())}]}
    other = desk.student()
    for token, headers in ((other.token, {"X-View-Token": reading.token}), (reading.reader.token, {})):
        assert desk.client.post(path, json=body, token=token, headers=headers).code == "VIEW_TOKEN_INVALID"
    assert desk.client.post(path, json=body).code == "TOKEN_MISSING"
    premium = desk.note(content=SMALL, isPremium=True, subject={"id": reading.note["subjectId"]})
    refused = desk.client.post(path.replace(reading.note["id"], premium["id"]), json=body, token=other.token)
    assert refused.json["details"] == {"reason": "NO_ENTITLEMENT"}
    assert kept(reading) == []


@pytest.mark.rule("SHIELD-07")
def test_what_is_no_report_is_refused(reading: Reading) -> None:
    now = clock.iso(clock.now())
    sound = {"type": "TAB_HIDDEN", "at": now}
    wrong = [
        [],
        [sound] * 51,
        [{**sound, "type": "HACKED"}],
        [{**sound, "at": "yesterday"}],
        [{**sound, "at": "0001-01-01T00:00:00+14:00"}],
        [{**sound, "at": "9999-12-31T23:59:59-14:00"}],
        [{**sound, "page": 0}],
        [{"type": "TAB_HIDDEN"}],
    ]
    for events in wrong:
        answer = reading.desk.client.post(
            f"/v1/notes/{reading.note['id']}/view-events",
            token=reading.reader.token,
            headers={"X-View-Token": reading.token},
            json={"events": events},
        )
        assert answer.status == 422, events
    assert kept(reading) == []
    assert store.get(SessionWatch, SessionWatch.place(reading.session_id)) is None
    many = [{**sound, "page": number + 1} for number in range(50)]
    reading.desk.client.post(
        f"/v1/notes/{reading.note['id']}/view-events",
        token=reading.reader.token,
        headers={"X-View-Token": reading.token},
        json={"events": many},
        expect=200,
    )


@pytest.mark.rule("SHIELD-49", "SHIELD-57")
def test_reports_of_staff_are_kept_and_raise_no_signal(cloud: Emulator, desk: Desk) -> None:
    reading = Reading(desk, SMALL, desk.editor)
    assert reading.report("DEVTOOLS_OPEN").json["action"] == "WARN"
    cloud.drain()
    assert kept(reading) == ["DEVTOOLS_OPEN"]
    assert reading.signals() == {}
