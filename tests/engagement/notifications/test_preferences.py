"""What people want to get (NTF-01, NTF-02), kept, shown, and heard when a message is sent (NTF-60, NTF-62)."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from chalicelib.engagement.notifications.held import erase
from chalicelib.engagement.notifications.items import Preference
from chalicelib.identity.accounts import User, user_key
from chalicelib.platform import clock, store
from chalicelib.platform.messages import MessageClass
from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox
from tests.engagement.notifications.outbox import now, of_class, put_notice
from tests.support.client import Client, Response
from tests.support.people import PASSWORD, People, Person
from tests.support.races import at_once

PATH = "/v1/me/notification-preferences"
DEFAULTS = {
    "emailEnabled": True,
    "marketingEmailEnabled": False,
    "smsEnabled": True,
    "locale": None,
    "updatedAt": None,
    "marketingConsentAt": None,
    "marketingConsentSource": None,
}


@pytest.fixture
def student(people: People) -> Person:
    return people.student()


def shown(client: Client, who: Person) -> dict[str, Any]:
    return dict(client.get(PATH, token=who.token, expect=200).json)


def want(client: Client, who: Person, expect: int | None = 200, /, **wanted: Any) -> Response:
    return client.patch(PATH, json=wanted, token=who.token, expect=expect)


@pytest.mark.rule("NTF-01")
@pytest.mark.policy("own-things", "allows")
def test_who_never_said_anything_has_the_defaults(client: Client, people: People, student: Person) -> None:
    assert shown(client, student) == shown(client, people.admin("ADMIN_CONTENT")) == DEFAULTS
    assert store.get(Preference, Preference.place(student.id)) is None


@pytest.mark.rule("NTF-02", "NTF-01")
def test_what_is_named_changes_and_nothing_else(cloud: Emulator, client: Client, student: Person) -> None:
    assert want(client, student).json == DEFAULTS
    at = clock.iso(clock.now())[:16]
    first = want(client, student, emailEnabled=False, locale="hi-IN").json
    assert first["updatedAt"].startswith(at)
    assert first == {**DEFAULTS, "emailEnabled": False, "locale": "hi-IN", "updatedAt": first["updatedAt"]}
    second = want(client, student, smsEnabled=False, locale=None).json
    assert second == {**first, "smsEnabled": False, "locale": None, "updatedAt": second["updatedAt"]}
    before = cloud.items(f"USER#{student.id}")
    assert want(client, student, smsEnabled=False).json == second
    assert cloud.items(f"USER#{student.id}") == before
    assert shown(client, student) == second


@pytest.mark.rule("NTF-02")
def test_turning_news_on_keeps_when_and_where(cloud: Emulator, client: Client, student: Person) -> None:
    on = want(client, student, marketingEmailEnabled=True).json
    assert (on["marketingConsentAt"], on["marketingConsentSource"]) == (on["updatedAt"], "PREFERENCES")
    cloud.advance(60)
    off = want(client, student, marketingEmailEnabled=False).json
    assert off["marketingConsentAt"] == on["marketingConsentAt"]
    cloud.advance(60)
    again = want(client, student, marketingEmailEnabled=True).json
    assert again["marketingConsentAt"] == again["updatedAt"] > on["updatedAt"]
    same = want(client, student, marketingEmailEnabled=True, smsEnabled=False).json
    assert same["marketingConsentAt"] == again["marketingConsentAt"]
    user = store.get(User, user_key(student.id))
    assert user is not None
    assert user.marketing_email is True


@pytest.mark.rule("NTF-02", "USR-50")
def test_news_are_not_for_people_under_age(cloud: Emulator, client: Client, student: Person) -> None:
    born = clock.now().replace(year=clock.now().year - 17, day=1)
    store.update(User, user_key(student.id), [User.date_of_birth.set(f"{born:%Y-%m-%d}")])
    before = cloud.items(f"USER#{student.id}")
    refused = want(client, student, 422, marketingEmailEnabled=True)
    assert refused.issues == {"body.marketingEmailEnabled": "UNDER_AGE"}
    assert cloud.items(f"USER#{student.id}") == before
    want(client, student, emailEnabled=False)


@pytest.mark.rule("NTF-02")
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"emailEnabled": "no"}, "body.emailEnabled"),
        ({"emailEnabled": None}, "body.emailEnabled"),
        ({"locale": "ta-IN"}, "body.locale"),
        ({"marketingConsentAt": "2026-01-01T00:00:00Z"}, "body.marketingConsentAt"),
    ],
)
def test_nonsense_is_refused(
    cloud: Emulator, client: Client, student: Person, body: dict[str, Any], field: str
) -> None:
    assert field in want(client, student, 422, **body).issues
    assert store.get(Preference, Preference.place(student.id)) is None


@pytest.mark.rule("NTF-02")
@pytest.mark.parametrize("there", [False, True])
def test_changes_at_once_do_not_undo_each_other(client: Client, student: Person, *, there: bool) -> None:
    if there:
        want(client, student, emailEnabled=False)
    wishes = ({"smsEnabled": False}, {"locale": "hi-IN"}, {"marketingEmailEnabled": True})
    answers = at_once([partial(want, client, student, None, **one) for one in wishes])
    assert {one.status for one in answers} == {200}
    after = shown(client, student)
    assert (after["smsEnabled"], after["locale"], after["marketingEmailEnabled"]) == (False, "hi-IN", True)
    assert after["emailEnabled"] is not there


@pytest.mark.rule("NTF-02", "NTF-60")
@pytest.mark.parametrize("agreed", [True, False])
def test_consent_that_came_with_registration_is_kept(cloud: Emulator, client: Client, *, agreed: bool) -> None:
    body = {"email": "asha@example.in", "password": PASSWORD, "name": "Asha", "acceptedTerms": True}
    user_id = client.post("/v1/auth/register", json={**body, "marketingEmail": agreed}, expect=201).json["user"]["id"]
    cloud.drain()
    user, kept = store.get_many([user_key(user_id), Preference.place(user_id)])
    assert isinstance(user, User)
    if not agreed:
        assert kept is None
        return
    assert isinstance(kept, Preference)
    assert (kept.marketing_email_enabled, kept.email_enabled) == (True, True)
    assert (kept.marketing_consent_at, kept.marketing_consent_source) == (user.created_at, "REGISTRATION")


@pytest.mark.rule("NTF-60", "NTF-62")
def test_what_is_wanted_when_a_message_is_sent_counts(
    cloud: Emulator, client: Client, student: Person, mailbox: Mailbox
) -> None:
    """Switched off after it was put, and in another language since; what is owed goes all the same."""
    reminder = put_notice("A", student.email, of_class(MessageClass.SERVICE), user_id=student.id)
    receipt = put_notice("B", student.email, of_class(MessageClass.TRANSACTIONAL), user_id=student.id)
    want(client, student, emailEnabled=False, locale="hi-IN")
    cloud.drain()
    assert (now(reminder).status, now(reminder).error) == ("SUPPRESSED", "SWITCHED_OFF")
    assert now(receipt).status == "SENT"
    (mail,) = mailbox.all()
    assert "पासवर्ड" in mail["subject"]
    want(client, student, emailEnabled=True, locale=None)
    put_notice("C", student.email, of_class(MessageClass.SERVICE), user_id=student.id)
    cloud.drain()
    assert "password" in mailbox.all()[0]["subject"]


@pytest.mark.rule("NTF-80", "USR-40")
def test_they_go_with_the_account(client: Client, student: Person) -> None:
    want(client, student, smsEnabled=False)
    assert erase(student.id, ()) == 0
    assert store.get(Preference, Preference.place(student.id)) is None
