"""Where one is signed in, and ending it (AUTH-05, AUTH-07, AUTH-08, AUTH-55)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.identity.sessions import Session
from chalicelib.platform import store
from chalicelib.platform.access.card import AccessCard, plain
from chalicelib.platform.ids import new_ulid
from infra.local.emulator import Emulator
from tests.content.desk import Desk
from tests.support.client import Client, Response
from tests.support.people import People, Person
from tests.support.races import at_once, just_before, round_trips

Kinds = Callable[[], dict[str, int]]
SignIn = Callable[..., dict[str, Any]]
SESSIONS = "/v1/auth/sessions"


@pytest.fixture
def sign_in(client: Client) -> SignIn:
    """Another session of somebody."""

    def call(person: Person, agent: str = "pathshala-tests/1.0", **more: Any) -> dict[str, Any]:
        body = {"email": person.email, "password": person.password, **more}
        answer = client.post("/v1/auth/login", json=body, expect=200, headers={"User-Agent": agent})
        found: dict[str, Any] = answer.json
        return found

    return call


def live(person: Person) -> set[str]:
    card = store.get(AccessCard, AccessCard.place(person.id))
    assert card is not None
    return {sid for sid, entry in plain(card.sessions).items() if entry["exp"]}


def refused(client: Client, token: str) -> tuple[str | None, Any]:
    answer = client.get("/v1/auth/me", token=token, expect=401)
    return answer.code, answer.json.get("details")


@pytest.mark.rule("AUTH-07")
def test_the_list_has_the_last_used_first(cloud: Emulator, client: Client, people: People, sign_in: SignIn) -> None:
    student = people.student()
    cloud.advance(60)
    phone = sign_in(student, deviceLabel="Asha's phone")
    cloud.advance(60)
    client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=200)
    cloud.calls.clear()
    items = client.get(SESSIONS, token=phone["accessToken"], expect=200).json["items"]
    assert round_trips(cloud.calls.of("list_sessions")) == 2
    assert [one["id"] for one in items] == [student.session_id, phone["sessionId"]]
    assert [one["current"] for one in items] == [False, True]
    assert set(items[1]) == {
        "id", "deviceLabel", "userAgent", "ip", "createdAt", "lastUsedAt", "expiresAt", "amr", "current"
    }  # fmt: skip
    own = items[1]
    assert (own["deviceLabel"], own["ip"], own["amr"]) == ("Asha's phone", "203.0.113.7", ["pwd"])
    assert items[0]["lastUsedAt"] > items[0]["createdAt"]


@pytest.mark.rule("AUTH-07")
def test_what_has_ended_is_not_listed(cloud: Emulator, client: Client, people: People, sign_in: SignIn) -> None:
    student, other = people.student(), people.student()
    ended, lapsed = sign_in(student), sign_in(student)
    client.post("/v1/auth/logout", token=ended["accessToken"], expect=204)
    cloud.advance(20 * 86_400)
    token = sign_in(student)["accessToken"]
    cloud.advance(11 * 86_400)
    last = sign_in(student)
    listed = {one["id"] for one in client.get(SESSIONS, token=last["accessToken"], expect=200).json["items"]}
    assert last["sessionId"] in listed
    assert not listed & {ended["sessionId"], lapsed["sessionId"], student.session_id, other.session_id}
    client.get(SESSIONS, token=token, expect=401)


@pytest.mark.rule("AUTH-08", "AUTH-54", "AUTH-55")
def test_a_lost_phone_is_signed_out_with_its_next_request(
    cloud: Emulator, client: Client, people: People, sign_in: SignIn
) -> None:
    student = people.student()
    laptop = sign_in(student)
    cloud.calls.clear()
    client.delete(f"{SESSIONS}/{student.session_id}", token=laptop["accessToken"], expect=204)
    assert round_trips(cloud.calls.of("end_session")) == 2
    assert refused(client, student.token) == ("SESSION_REVOKED", {"reason": "USER"})
    again = client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=401)
    assert (again.code, again.json["details"]) == ("REFRESH_INVALID", {"reason": "USER"})
    client.get("/v1/auth/me", token=laptop["accessToken"], expect=200)
    assert live(student) == {laptop["sessionId"]}
    session = store.get(Session, Session.place(student.id, student.session_id))
    assert session is not None
    assert session.revoked_reason == "USER"
    audited = [item for item in cloud.items() if item["kind"]["S"] == "AuditEntry"]
    assert [(one["action"]["S"], one["resource_id"]["S"], one["reason"]["S"]) for one in audited] == [
        ("session.revoke", student.session_id, "USER")
    ]


@pytest.mark.rule("AUTH-08")
def test_what_is_not_ones_own_is_not_there(client: Client, people: People, kinds: Kinds) -> None:
    student, other = people.student(), people.student()
    before = kinds()
    for session_id in (other.session_id, new_ulid(), "rubbish"):
        answer = client.delete(f"{SESSIONS}/{session_id}", token=student.token, expect=404)
        assert answer.code == "SESSION_NOT_FOUND"
    assert kinds() == before
    assert live(other) == {other.session_id}
    client.delete(f"{SESSIONS}/{student.session_id}", token=student.token, expect=204)
    assert refused(client, student.token) == ("SESSION_REVOKED", {"reason": "USER"})


@pytest.mark.rule("AUTH-08", "AUTH-55")
def test_ending_one_twice_at_once_is_told_once(
    cloud: Emulator, client: Client, people: People, sign_in: SignIn
) -> None:
    student = people.student()
    laptop, path = sign_in(student), f"{SESSIONS}/{student.session_id}"
    answers = at_once([lambda: client.delete(path, token=laptop["accessToken"])] * 2)
    assert {answer.status for answer in answers} <= {204, 404}
    assert [item["kind"]["S"] for item in cloud.items()].count("AuditEntry") == 1
    lost = sign_in(student)
    store.delete(Session, Session.place(student.id, lost["sessionId"]))
    client.delete(f"{SESSIONS}/{lost['sessionId']}", token=laptop["accessToken"], expect=204)
    assert refused(client, lost["accessToken"])[0] == "SESSION_REVOKED"


@pytest.mark.rule("AUTH-05", "AUTH-55")
def test_signing_out_everywhere(cloud: Emulator, client: Client, people: People, sign_in: SignIn) -> None:
    student, other = people.student(), people.student()
    laptop = sign_in(student)
    cloud.calls.clear()
    answer = client.post("/v1/auth/logout-all", token=student.token, expect=204)
    assert round_trips(cloud.calls.of("logout_all")) == 2
    assert all("Max-Age=0" in cookie for cookie in answer.cookies)
    assert len(answer.cookies) == 3
    for token in (student.token, laptop["accessToken"]):
        assert refused(client, token) == ("SESSION_REVOKED", {"reason": "USER"})
    again = client.post("/v1/auth/refresh", json={"refreshToken": laptop["refreshToken"]}, expect=401)
    assert (again.code, again.json["details"]) == ("REFRESH_INVALID", {"reason": "USER"})
    assert live(student) == set()
    client.get("/v1/auth/me", token=other.token, expect=200)
    client.get("/v1/auth/me", token=sign_in(student)["accessToken"], expect=200)
    assert [item["kind"]["S"] for item in cloud.items()].count("AuditEntry") == 1


@pytest.mark.rule("AUTH-05", "AUTH-08", "USR-10", "AUTH-55")
@pytest.mark.parametrize("how", ["one", "all", "by staff"])
def test_notes_close_with_their_sessions(
    cloud: Emulator,
    client: Client,
    people: People,
    sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch,
    how: str,
) -> None:
    monkeypatch.setenv("UPLOAD_ENDPOINT_URL", "http://127.0.0.1:5000")
    desk = Desk(cloud, client, people)
    note, student = desk.note(), desk.student()
    laptop = sign_in(student)["accessToken"]
    view = desk.open(note, student).json["viewToken"]
    place, headers = f"/v1/notes/{note['id']}/view-session/renew", {"X-View-Token": view}
    client.post(place, token=student.token, headers=headers, expect=200)
    if how == "one":
        client.delete(f"{SESSIONS}/{student.session_id}", token=laptop, expect=204)
    elif how == "all":
        client.post("/v1/auth/logout-all", token=laptop, expect=204)
    else:
        support = people.admin("ADMIN_SUPPORT")
        client.post(f"/v1/admin/users/{student.id}/force-logout", token=support.token, expect=204)
    client.post(place, token=student.token, headers=headers, expect=401)
    later = sign_in(student)["accessToken"]
    assert client.post(place, token=later, headers=headers, expect=401).code == "VIEW_TOKEN_INVALID"


@pytest.mark.rule("AUTH-05", "AUTH-55")
def test_signing_out_everywhere_else(client: Client, people: People, sign_in: SignIn) -> None:
    student = people.student()
    laptop = sign_in(student)
    body = {"keepCurrent": True}
    answer = client.post("/v1/auth/logout-all", json=body, token=student.token, expect=204)
    assert answer.cookies == ()
    assert refused(client, laptop["accessToken"]) == ("SESSION_REVOKED", {"reason": "USER"})
    client.get("/v1/auth/me", token=student.token, expect=200)
    client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=200)
    assert live(student) == {student.session_id}
    client.post("/v1/auth/logout-all", json={"keepCurrent": "yes"}, token=student.token, expect=422)


@pytest.mark.rule("AUTH-05")
def test_who_signs_in_meanwhile_ends_too_and_who_was_signed_out_stays_so(
    client: Client, people: People, sign_in: SignIn
) -> None:
    student, body = people.student(), {"keepCurrent": True}
    made: list[dict[str, Any]] = []
    with just_before("TransactWriteItems", lambda: made.append(sign_in(student))):
        client.post("/v1/auth/logout-all", json=body, token=student.token, expect=204)
    assert live(student) == {student.session_id}
    assert refused(client, made[0]["accessToken"]) == ("SESSION_REVOKED", {"reason": "USER"})
    second = sign_in(student)["accessToken"]

    def elsewhere() -> Response:
        return client.post("/v1/auth/logout-all", token=second, expect=204)

    with just_before("TransactWriteItems", elsewhere):
        again = client.post("/v1/auth/logout-all", json=body, token=student.token, expect=401)
    assert again.code == "SESSION_REVOKED"
    assert live(student) == set()


@pytest.mark.rule("AUTH-76", "AUTH-54")
def test_one_device_at_a_time(
    cloud: Emulator, client: Client, people: People, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAX_SESSIONS_STUDENT", "1")
    student = people.student()
    phone = sign_in(student)
    answer = client.get("/v1/auth/me", token=student.token, expect=401)
    assert (answer.code, answer.json["details"]) == ("SESSION_REVOKED", {"reason": "LIMIT"})
    assert answer.json["message"] == "You signed in on another device, so this one was signed out"
    again = client.post("/v1/auth/refresh", json={"refreshToken": student.refresh_token}, expect=401)
    assert (again.code, again.json["message"]) == ("REFRESH_INVALID", answer.json["message"])
    assert live(student) == {phone["sessionId"]}
    admin = people.admin("ADMIN_SUPPORT")
    sign_in(admin)
    client.get("/v1/auth/me", token=admin.token, expect=200)
