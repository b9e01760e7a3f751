"""Staff see what was sent to whom, and send it again (NTF-16 … NTF-18); who gets what (NTF-60); erasure (NTF-80)."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.engagement.notifications import sent_to
from chalicelib.engagement.notifications.items import Preference, Suppression
from chalicelib.identity.accounts import User
from chalicelib.identity.accounts.events import UserDeleted
from chalicelib.platform import clock, messages, store
from chalicelib.platform.events.queues import event_body
from chalicelib.platform.messages import Message, MessageClass, Status
from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox
from tests.engagement.notifications.outbox import (
    CODE,
    TO,
    now,
    of_class,
    put_code,
    put_notice,
    put_receipt,
)
from tests.support.client import Client
from tests.support.people import People, Person
from tests.support.races import at_once

LIST = "/v1/admin/notifications/messages"


@pytest.fixture
def support(people: People) -> Person:
    return people.admin("ADMIN_SUPPORT")


@pytest.fixture
def editor(people: People) -> Person:
    """Reads and sends messages, and may not read users."""
    return people.admin("ADMIN_CONTENT")


def fresh(cloud: Emulator, person: Person) -> str:
    """A token of now, after the clock moved."""
    return People(cloud).token(person.id, person.session_id, person.user_type)


def rows(client: Client, person: Person, **query: Any) -> list[dict[str, Any]]:
    return list(client.get(LIST, query=query, token=person.token, expect=200).json["items"])


@pytest.mark.rule("NTF-16")
def test_the_log_shows_what_was_sent_newest_first(cloud: Emulator, client: Client, support: Person) -> None:
    put_notice("N:1")
    cloud.advance(60)
    put_code()
    cloud.drain()
    cloud.advance(60)
    put_notice("N:2", "ravi@example.in")
    found = rows(client, support)
    assert [(row["templateKey"], row["status"], row["attempts"]) for row in found] == [
        ("AUTH_PASSWORD_CHANGED", "QUEUED", 0),
        ("AUTH_OTP", "SENT", 1),
        ("AUTH_PASSWORD_CHANGED", "SENT", 1),
    ]
    assert (found[0]["to"], found[0]["sentAt"]) == ("ravi@example.in", None)
    assert CODE not in str(found)


@pytest.mark.rule("NTF-16")
def test_the_log_is_filtered(cloud: Emulator, client: Client, support: Person) -> None:
    put_notice("N:1")
    put_code(to="ravi@example.in")
    cloud.fault("ses", "SendEmail", "MessageRejected")
    cloud.drain()
    put_code("AUTH_OTP:2")
    assert len(rows(client, support)) == 3
    assert [row["status"] for row in rows(client, support, status="QUEUED")] == ["QUEUED"]
    assert [row["status"] for row in rows(client, support, status="FAILED")] == ["FAILED"]
    assert len(rows(client, support, status="CANCELLED")) == 0
    assert {row["templateKey"] for row in rows(client, support, templateKey="AUTH_OTP")} == {"AUTH_OTP"}
    assert rows(client, support, channel="SMS") == []
    assert {row["to"] for row in rows(client, support, to=" Asha@EXAMPLE.in")} == {TO}
    assert len(rows(client, support, to=TO, status="QUEUED")) == 1
    assert rows(client, support, to="nobody@example.in") == []


@pytest.mark.rule("NTF-16")
def test_an_address_is_one_query_and_days_come_one_by_one(cloud: Emulator, client: Client, support: Person) -> None:
    for day in range(3):
        for number in range(2):
            put_notice(f"N:{day}:{number}")
            cloud.advance(1)
        cloud.advance(86_400)
    today, token = clock.academy_day(clock.now()), fresh(cloud, support)
    with cloud.calls.during() as calls:
        assert len(client.get(LIST, query={"to": TO}, token=token, expect=200).json["items"]) == 6
    assert [call.operation for call in calls if call.operation == "Query"] == ["Query"]
    for query in ({}, {"to": TO}):
        found, cursor = [], None
        for _ in range(12):
            more = {"cursor": cursor} if cursor else {}
            page = client.get(LIST, query={**query, **more, "limit": 4}, token=token, expect=200).json
            found += page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                break
        assert len({row["id"] for row in found}) == len(found) == 6
        assert [row["createdAt"] for row in found] == sorted((row["createdAt"] for row in found), reverse=True)
    own_day = {"from": str(today), "toDate": str(today)}
    assert client.get(LIST, query=own_day, token=token, expect=200).json["items"] == []
    late = client.get(LIST, query={"from": "2026-01-01", "toDate": "2026-03-01"}, token=token)
    assert (late.status, list(late.issues.values())) == (422, ["PERIOD_TOO_LONG"])


@pytest.mark.rule("NTF-16")
def test_addresses_are_masked_for_who_may_not_read_users(
    cloud: Emulator, client: Client, people: People, editor: Person, support: Person
) -> None:
    put = put_receipt()
    put_notice("P:1", "+919876543210", channel=messages.Channel.SMS)
    assert {row["to"] for row in rows(client, support)} == {TO, "+919876543210"}
    assert {row["to"] for row in rows(client, editor)} == {"as***@e***.in", "+91******3210"}
    detail = client.get(f"{LIST}/{put.id}", token=editor.token, expect=200).json
    assert TO not in str(detail)
    auditor = people.admin("ADMIN_SECURITY")
    assert len(rows(client, auditor)) == 2
    assert client.get(f"{LIST}/{put.id}", token=auditor.token).code == "FORBIDDEN"


@pytest.mark.rule("NTF-17")
def test_one_message_with_its_text(cloud: Emulator, client: Client, support: Person) -> None:
    put = put_receipt()
    cloud.drain()
    with cloud.calls.during() as calls:
        detail = client.get(f"{LIST}/{put.id}", token=support.token, expect=200).json
    assert [call.operation for call in calls if call.service == "dynamodb"] == ["BatchGetItem"]
    assert (detail["status"], detail["payload"]["device"]) == ("SENT", "Chrome on Android")
    assert "Chrome on Android" in detail["renderedText"]
    assert "<h1" in detail["renderedHtml"]
    assert detail["subject"] == "Your password was changed – Pathshala"
    assert detail["correlationId"] == put.correlation_id


@pytest.mark.rule("NTF-17", "NTF-52")
def test_a_security_mail_is_shown_without_its_text(cloud: Emulator, client: Client, support: Person) -> None:
    put = put_code()
    for _ in range(2):
        detail = client.get(f"{LIST}/{put.id}", token=support.token, expect=200)
        assert CODE not in detail.body.decode()
        assert detail.json["renderedHtml"] is detail.json["renderedText"] is detail.json["subject"] is None
        assert "sealed" not in detail.json
        cloud.drain()


@pytest.mark.rule("NTF-17")
@pytest.mark.parametrize("of", ["nothing", "decoy", "else"])
def test_an_id_of_nothing_is_not_found(cloud: Emulator, client: Client, support: Person, of: str) -> None:
    put = put_receipt()
    ids = {
        "nothing": "x" * 60,
        "decoy": put.id[:-4],
        "else": messages.message_id(messages.Key("MSGTO#" + "0" * 32, "MSG#a")),
    }
    for method, place in (("GET", f"{LIST}/{ids[of]}"), ("POST", f"{LIST}/{ids[of]}/resend")):
        boss = People(cloud).super_admin()
        missing = client.call(method, place, token=boss.token)
        assert (missing.status, missing.code) == (404, "MESSAGE_NOT_FOUND")


@pytest.mark.rule("NTF-18", "NTF-40", "NTF-73")
def test_a_failed_message_is_sent_again_as_a_clone(
    cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox
) -> None:
    put = put_receipt()
    cloud.fault("ses", "SendEmail", "Unreachable", times=5)
    cloud.drain()
    for seconds in (31, 121, 481, 1_921):
        cloud.advance(seconds)
        cloud.drain()
    assert now(put).status == Status.FAILED
    token = fresh(cloud, editor)
    answer = client.post(f"{LIST}/{put.id}/resend", json={"reason": "asked"}, token=token, expect=202)
    clone = answer.json
    assert (clone["resendOf"], clone["status"], clone["payload"]["device"]) == (put.id, "QUEUED", "Chrome on Android")
    assert answer.headers["location"] == f"{LIST}/{clone['id']}"
    cloud.drain()
    assert len(mailbox.all()) == 1
    assert client.get(f"{LIST}/{clone['id']}", token=token).json["status"] == "SENT"
    assert now(put).status == Status.FAILED
    audited = [item for item in cloud.items() if item["kind"]["S"] == "AuditEntry"]
    (entry,) = [item for item in audited if item["action"]["S"] == "message.resend"]
    assert entry["resource_id"]["S"] == put.id
    assert entry["reason"]["S"] == "asked"


@pytest.mark.rule("NTF-18")
def test_three_clones_of_one_message_a_day(cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox) -> None:
    put = put_receipt()
    cloud.drain()
    answers = at_once([lambda: client.post(f"{LIST}/{put.id}/resend", token=editor.token)] * 5)
    cloud.drain()
    assert sorted(answer.status for answer in answers) == [202, 202, 202, 409, 409]
    assert len(mailbox.all()) == 4
    clone = next(answer.json for answer in answers if answer.status == 202)
    refused = client.post(f"{LIST}/{clone['id']}/resend", token=editor.token)
    assert (refused.code, refused.json["details"]) == ("MESSAGE_NOT_RESENDABLE", {"reason": "RESENT_TOO_OFTEN"})
    cloud.advance(86_400)
    again = client.post(f"{LIST}/{clone['id']}/resend", token=fresh(cloud, editor), expect=202).json
    assert again["resendOf"] == put.id


@pytest.mark.rule("NTF-18")
@pytest.mark.parametrize("why", ["SECURITY_CLASS", "ON_ITS_WAY", "ADDRESS_SUPPRESSED"])
def test_some_messages_are_not_sent_again(
    cloud: Emulator, client: Client, editor: Person, mailbox: Mailbox, why: str
) -> None:
    put = put_code() if why == "SECURITY_CLASS" else put_receipt()
    if why != "ON_ITS_WAY":
        cloud.drain()
    if why == "ADDRESS_SUPPRESSED":
        suppress(put)
    before = [item for item in cloud.items() if item["kind"]["S"] == "Message"]
    refused = client.post(f"{LIST}/{put.id}/resend", token=editor.token)
    assert (refused.status, refused.code, refused.json["details"]) == (409, "MESSAGE_NOT_RESENDABLE", {"reason": why})
    assert [item for item in cloud.items() if item["kind"]["S"] == "Message"] == before


def suppress(message: Message, reason: str = "HARD_BOUNCE", scope: str = "ALL") -> None:
    place = Suppression.place(message.pk)
    store.put(Suppression(*place, reason=reason, scope=scope, created_at=clock.now()))


@pytest.mark.rule("NTF-60")
@pytest.mark.parametrize(
    ("message_class", "reason", "scope", "stopped"),
    [
        (MessageClass.SECURITY, "HARD_BOUNCE", "ALL", True),
        (MessageClass.SECURITY, "COMPLAINT", "MARKETING", False),
        (MessageClass.TRANSACTIONAL, "MANUAL", "ALL", False),
        (MessageClass.SERVICE, "MANUAL", "ALL", True),
        (MessageClass.SERVICE, "COMPLAINT", "MARKETING", False),
        (MessageClass.MARKETING, "COMPLAINT", "MARKETING", True),
    ],
)
def test_a_suppressed_address(
    cloud: Emulator, mailbox: Mailbox, message_class: MessageClass, reason: str, scope: str, *, stopped: bool
) -> None:
    put = put_notice(template=of_class(message_class))
    suppress(put, reason, scope)
    cloud.drain()
    assert len(mailbox.all()) == int(not stopped)
    assert (now(put).status, now(put).error) == (
        (Status.SUPPRESSED, "ADDRESS_SUPPRESSED") if stopped else (Status.SENT, None)
    )


@pytest.mark.rule("NTF-60")
@pytest.mark.parametrize(
    ("message_class", "wants", "account", "error"),
    [
        (MessageClass.SECURITY, {"email_enabled": False}, {}, None),
        (MessageClass.TRANSACTIONAL, {"email_enabled": False}, {}, None),
        (MessageClass.SERVICE, {}, {}, None),
        (MessageClass.SERVICE, {"email_enabled": False}, {}, "SWITCHED_OFF"),
        (MessageClass.MARKETING, {}, {}, "NO_CONSENT"),
        (MessageClass.MARKETING, {"marketing_email_enabled": True}, {"verified": False}, "ACCOUNT_NOT_REACHABLE"),
        (MessageClass.MARKETING, {"marketing_email_enabled": True}, {"status": "BLOCKED"}, "ACCOUNT_NOT_REACHABLE"),
        (MessageClass.MARKETING, {"marketing_email_enabled": True}, {}, None),
    ],
)
def test_who_gets_what(
    cloud: Emulator,
    people: People,
    mailbox: Mailbox,
    message_class: MessageClass,
    wants: dict[str, bool],
    account: dict[str, Any],
    error: str | None,
) -> None:
    student = people.student()
    if wants:
        store.put(Preference(*Preference.place(student.id), updated_at=clock.now(), **wants))
    changes = [User.status.set(account.get("status", "ACTIVE"))]
    if account.get("verified", True):
        changes.append(User.email_verified_at.set(clock.now()))
    store.update(User, User.place(student.id), changes)
    put = put_notice(template=of_class(message_class), to=student.email, user_id=student.id)
    cloud.drain()
    assert now(put).error == error
    assert len(mailbox.all()) == int(error is None)


@pytest.mark.rule("NTF-80")
def test_everything_that_somebody_got_is_told(cloud: Emulator, people: People) -> None:
    student, other = people.student(), people.student()
    put_code(user_id=student.id)
    cloud.drain()
    cloud.advance(10)
    put_notice(to="new@example.in", user_id=student.id)
    put_notice("N:other", TO, user_id=other.id)
    cloud.drain()
    held = sent_to(student.id)
    assert [(one.template, one.to, one.status) for one in held] == [
        ("AUTH_OTP", TO, "SENT"),
        ("AUTH_PASSWORD_CHANGED", "new@example.in", "SENT"),
    ]
    assert CODE not in str(held)


@pytest.mark.rule("NTF-80")
def test_messages_go_with_the_account(cloud: Emulator, people: People, mailbox: Mailbox) -> None:
    student, other = people.student(), people.student()
    gone = [put_code(user_id=student.id), put_notice(to="new@example.in", user_id=student.id)]
    stays = put_notice("N:other", user_id=other.id)
    cloud.drain()
    waiting = put_notice("N:waiting", user_id=student.id)
    mailbox.clear()
    recipients = [messages.recipient("EMAIL", TO)]
    event = UserDeleted(user_id=student.id, user_type="STUDENT", recipients=recipients, deleted_at=clock.now())
    for _ in range(2):
        record = {"messageId": "m", "receiptHandle": "r", "body": event_body(event)}
        assert cloud.invoke("erase_messages", {"Records": [record]}).answer == {"batchItemFailures": []}
    cloud.drain()
    for message in (*gone, waiting):
        assert store.get(Message, message.itself) is None
    assert now(stays).status == Status.SENT
    assert mailbox.all() == []
    assert sent_to(student.id) == []
    left = str([item for item in cloud.items() if item["kind"]["S"] in {"ProviderRef", "RecipientOf"}])
    assert gone[0].id not in left
    assert student.id not in left
