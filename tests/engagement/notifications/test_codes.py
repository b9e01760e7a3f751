"""From asking for a code to signing in with it, by the mailbox alone (NTF-34, NTF-52, NTF-70, NTF-71)."""

from __future__ import annotations

import re
import time

import pytest

from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox
from tests.engagement.notifications.outbox import everywhere
from tests.support.client import Client, Response
from tests.support.people import People
from tests.support.races import to_next_window


def ask(client: Client, email: str, purpose: str = "LOGIN") -> Response:
    return client.post("/v1/auth/request-otp", json={"email": email, "purpose": purpose})


@pytest.mark.rule("NTF-34", "NTF-52", "NTF-40")
def test_a_code_arrives_and_opens_and_is_nowhere_else(
    cloud: Emulator,
    client: Client,
    people: People,
    mailbox: Mailbox,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG", logger="pathshala")
    student, boss = people.student(), people.super_admin()
    began = time.monotonic()
    asked = ask(client, student.email)
    assert asked.status == 202
    cloud.drain()
    assert time.monotonic() - began < 2
    (mail,) = mailbox.all(student.email)
    (code,) = re.findall(r"^(\d{6})\r?$", mail["text"], re.MULTILINE)
    shown = [client.get("/v1/admin/notifications/messages", token=boss.token, expect=200)]
    (row,) = shown[0].json["items"]
    assert (row["templateKey"], row["status"]) == ("AUTH_OTP", "SENT")
    shown.append(client.get(f"/v1/admin/notifications/messages/{row['id']}", token=boss.token, expect=200))
    held = everywhere(cloud) + caplog.text + "".join(capfd.readouterr()) + "".join(str(one.body) for one in shown)
    # Six digits may stand inside an id or an instant by chance; as a word of their own they may not.
    assert not re.search(rf"(?<![0-9A-Za-z.]){code}(?![0-9A-Za-z])", held)
    body = {"email": student.email, "code": code, "challengeId": asked.json["challengeId"]}
    assert client.post("/v1/auth/verify-otp", json=body).status == 200
    assert client.post("/v1/auth/verify-otp", json=body).status == 401


@pytest.mark.rule("NTF-70", "NTF-71")
def test_unknown_addresses_are_answered_as_known_ones_and_get_nothing(
    cloud: Emulator, client: Client, people: People, mailbox: Mailbox
) -> None:
    student = people.student()
    known, unknown = [], []
    to_next_window(cloud, 3_600)
    for _ in range(6):
        for email, statuses in ((student.email, known), ("nobody@example.in", unknown)):
            answer = ask(client, email)
            again = ask(client, email)
            statuses += [(one.status, one.code, "retry-after" in one.headers) for one in (answer, again)]
        cloud.advance(61)
    cloud.drain()
    assert known == unknown
    assert [status for status, _, _ in known] == [202, 429] * 5 + [429, 429]
    assert all(retry for status, _, retry in known if status == 429)
    assert mailbox.all("nobody") == []
    assert 1 <= len(mailbox.all(student.email)) <= 5
