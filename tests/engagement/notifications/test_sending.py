"""Messages on their way: sent once, tried again, dropped when old (NTF-40, NTF-44, NTF-50 … NTF-55)."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from email import message_from_string, policy

import pytest

from chalicelib.engagement.notifications.items import ProviderRef
from chalicelib.platform import clock, messages, store
from chalicelib.platform.messages import Channel, Message, MessageClass, Status
from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox
from tests.engagement.notifications.outbox import CODE, OTP, TO, everywhere, now, of_class, put_code, put_notice
from tests.support.races import at_once

URGENT, DEAD = "messages-urgent", "messages-urgent-dlq"


def hand(cloud: Emulator, message: Message) -> None:
    """What the queue hands to the sender, once more."""
    body = json.dumps({"data": {"messageId": message.id}})
    record = {"messageId": "m", "receiptHandle": "r", "body": body}
    outcome = cloud.invoke("send_urgent_message", {"Records": [record]})
    assert outcome.error is None


@pytest.mark.rule("NTF-40", "NTF-51", "NTF-54")
def test_a_message_that_was_put_reaches_its_recipient(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_code()
    began = time.monotonic()
    cloud.drain()
    assert time.monotonic() - began < 2
    (mail,) = mailbox.all()
    assert (mail["to"], mail["subject"]) == ([TO], "Your sign-in code – Pathshala")
    assert CODE in mail["text"]
    assert CODE in mail["html"]
    sent = now(put)
    assert (sent.status, int(sent.attempts)) == (Status.SENT, 1)
    assert sent.sent_at is not None
    assert sent.lease_until is None
    reference = store.get(ProviderRef, ProviderRef.place(str(sent.provider_message_id)))
    assert reference is not None
    assert reference.message_id == put.id


@pytest.mark.rule("NTF-54")
def test_a_mail_has_its_headers_and_both_parts(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_notice()
    cloud.drain()
    raw = message_from_string(mailbox.all()[0]["raw"], policy=policy.default)
    assert raw["From"] == "Pathshala <no-reply@pathshala.example>"
    assert (raw["To"], raw["Reply-To"]) == (TO, "help@pathshala.example")
    assert raw["Auto-Submitted"] == "auto-generated"
    assert raw["X-Correlation-Id"] == put.correlation_id
    assert raw["Cc"] is raw["Bcc"] is None
    assert raw.get_content_type() == "multipart/alternative"
    parts = [(part.get_content_type(), part.get_content_charset()) for part in raw.iter_parts()]
    assert parts == [("text/plain", "utf-8"), ("text/html", "utf-8")]
    assert "<img" not in mailbox.all()[0]["html"]


@pytest.mark.rule("NTF-54", "NTF-55")
def test_configuration_set_and_return_path_go_with_the_mail(
    cloud: Emulator, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[dict[str, object]] = []
    monkeypatch.setenv("MAIL_CONFIGURATION_SET", "none")
    monkeypatch.setenv("MAIL_RETURN_PATH", "bounces@pathshala.example")
    cloud.on_send = lambda service, operation, body: given.append(json.loads(body))
    put_notice(to="asha@xn--bcher-kva.example")
    cloud.drain()
    (call,) = given
    assert call["ConfigurationSetName"] == "none"
    assert call["FeedbackForwardingEmailAddress"] == "bounces@pathshala.example"
    assert call["Destination"] == {"ToAddresses": ["asha@xn--bcher-kva.example"]}


@pytest.mark.rule("NTF-55")
def test_one_address_is_one_recipient_however_it_is_written() -> None:
    assert messages.recipient("EMAIL", " Asha@Example.IN ") == messages.recipient("EMAIL", "asha@example.in")
    assert messages.recipient("SMS", TO) != messages.recipient("EMAIL", TO)


@pytest.mark.rule("NTF-52")
def test_a_code_lives_in_its_mail_alone(
    cloud: Emulator, mailbox: Mailbox, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level("DEBUG", logger="pathshala")
    put = put_code()
    assert put.sealed is not None
    assert CODE not in everywhere(cloud)
    cloud.pumps.turn()
    assert CODE not in everywhere(cloud)
    cloud.drain()
    assert CODE in mailbox.all()[0]["text"]
    assert CODE not in everywhere(cloud)
    assert CODE not in caplog.text + "".join(capfd.readouterr())
    sent = now(put)
    assert sent.sealed is sent.subject is sent.rendered_html is sent.rendered_text is None


@pytest.mark.rule("NTF-52")
@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FAILED])
def test_a_code_is_erased_however_its_message_ends(cloud: Emulator, mailbox: Mailbox, status: Status) -> None:
    put = put_code()
    if status == Status.CANCELLED:
        cloud.advance(601)
    else:
        cloud.fault("ses", "SendEmail", "MessageRejected")
    cloud.drain()
    ended = now(put)
    assert (ended.status, ended.sealed) == (status, None)
    assert mailbox.all() == []


@pytest.mark.rule("NTF-52", "NTF-40")
def test_a_message_older_than_its_code_is_dropped(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_code(minutes=1)
    cloud.advance(61)
    cloud.drain()
    dropped = now(put)
    assert (dropped.status, dropped.error, int(dropped.attempts)) == (Status.CANCELLED, "EXPIRED", 0)
    assert mailbox.all() == []


@pytest.mark.rule("NTF-52")
def test_a_queue_carries_the_id_alone(cloud: Emulator) -> None:
    put = put_code()
    cloud.invoke("route_changes", {"Records": []})
    cloud.pumps.sources, kept = [one for one in cloud.pumps.sources if one.is_stream], cloud.pumps.sources
    try:
        cloud.pumps.turn()
        (body,) = cloud.messages(URGENT)
    finally:
        cloud.pumps.sources = kept
    assert body["data"] == {"messageId": put.id}
    assert set(body) == {"data", "requestId"}


@pytest.mark.rule("NTF-40", "NTF-43")
def test_one_cause_makes_one_message_and_one_mail(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_notice("CHANGED:7")
    for _ in range(9):
        with pytest.raises(store.TransactionLost) as lost:
            put_notice("CHANGED:7")
        assert lost.value.failed("message")
    cloud.drain()
    hand(cloud, put)
    assert len(mailbox.all()) == 1


@pytest.mark.rule("NTF-40", "NTF-50")
def test_a_provider_that_is_down_is_tried_five_times_at_growing_distance(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_notice()
    cloud.fault("ses", "SendEmail", "Unreachable", times=5)
    cloud.drain()
    for attempt, seconds in enumerate((30, 120, 480, 1_920), 1):
        waiting = now(put)
        assert (waiting.status, int(waiting.attempts)) == (Status.QUEUED, attempt)
        assert waiting.error == "EndpointConnectionError"
        cloud.advance(seconds - 2)
        cloud.drain()
        assert int(now(put).attempts) == attempt
        cloud.advance(3)
        cloud.drain()
    failed = now(put)
    assert (failed.status, int(failed.attempts), failed.error) == (Status.FAILED, 5, "EndpointConnectionError")
    assert [body["data"] for body in cloud.messages(DEAD)] == [{"messageId": put.id}]
    assert cloud.messages(URGENT) == []
    assert mailbox.all() == []


@pytest.mark.rule("NTF-40")
def test_a_try_that_works_after_one_that_did_not(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_code()
    cloud.fault("ses", "SendEmail", "TooManyRequestsException")
    cloud.drain()
    assert mailbox.all() == []
    cloud.advance(31)
    cloud.drain()
    sent = now(put)
    assert (sent.status, int(sent.attempts), sent.error) == (Status.SENT, 2, None)
    assert len(mailbox.all()) == 1


@pytest.mark.rule("NTF-40")
@pytest.mark.parametrize("code", ["MessageRejected", "MailFromDomainNotVerifiedException", "BadRequestException"])
def test_what_is_refused_for_good_fails_at_once(cloud: Emulator, mailbox: Mailbox, code: str) -> None:
    put = put_notice()
    cloud.fault("ses", "SendEmail", code)
    cloud.drain()
    failed = now(put)
    assert (failed.status, int(failed.attempts)) == (Status.FAILED, 1)
    assert str(failed.error).startswith(code)
    assert cloud.messages(DEAD) == []
    assert mailbox.all() == []


@pytest.mark.rule("NTF-40")
def test_a_sender_that_dies_after_the_providers_yes_sends_at_most_once_more(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_notice()
    # The note of it is the second transaction; all its tries fail.
    cloud.fault(
        "dynamodb", "TransactWriteItems", "InternalServerError", times=4, skip=1, function="send_urgent_message"
    )
    cloud.drain()
    assert len(mailbox.all()) == 1
    assert now(put).status == Status.SENDING
    cloud.advance(119)
    cloud.drain()
    assert len(mailbox.all()) == 1
    cloud.advance(5)
    cloud.drain()
    assert len(mailbox.all()) == 2
    assert now(put).status == Status.SENT
    cloud.advance(3_600)
    cloud.invoke("requeue_messages")
    cloud.drain()
    assert len(mailbox.all()) == 2


@pytest.mark.rule("NTF-40")
def test_two_senders_at_once_send_one_mail(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_code()
    at_once([lambda: hand(cloud, put)] * 6)
    cloud.drain()
    assert len(mailbox.all()) == 1
    assert now(put).status == Status.SENT


@pytest.mark.rule("NTF-44")
@pytest.mark.parametrize("lost", ["hand-over", "sender"])
def test_what_got_lost_is_queued_again(cloud: Emulator, mailbox: Mailbox, lost: str) -> None:
    put = put_notice()
    if lost == "sender":
        cloud.pumps.turn()
        mailbox.clear()
        until = clock.parse_iso("2020-01-01T00:00:00.000Z")
        left = now(put)
        left.status, left.lease_until = Status.SENDING, until
        left.index()
        store.put(left)
    cloud.pumps.reset()
    cloud.data.empty_queues()
    assert cloud.invoke("requeue_messages").answer == {"queued": int(lost == "sender")}
    cloud.advance(601)
    assert cloud.invoke("requeue_messages").answer == {"queued": 1}
    cloud.drain()
    assert len(mailbox.all()) == 1
    assert now(put).status == Status.SENT


@pytest.mark.rule("NTF-44")
def test_what_waits_for_its_next_try_is_not_lost(cloud: Emulator) -> None:
    put = put_notice()
    cloud.fault("ses", "SendEmail", "Unreachable", times=4)
    cloud.drain()
    for seconds in (31, 121, 481):
        cloud.advance(seconds)
        cloud.drain()
    assert int(now(put).attempts) == 4
    cloud.advance(900)
    assert cloud.invoke("requeue_messages").answer == {"queued": 0}


@pytest.mark.rule("NTF-53")
@pytest.mark.parametrize(
    ("message_class", "function"),
    [
        (MessageClass.SECURITY, "send_urgent_message"),
        (MessageClass.TRANSACTIONAL, "send_urgent_message"),
        (MessageClass.SERVICE, "send_bulk_message"),
    ],
)
def test_bulk_has_a_queue_of_its_own(
    cloud: Emulator, mailbox: Mailbox, message_class: MessageClass, function: str
) -> None:
    put_notice(template=of_class(message_class))
    drained = cloud.drain()
    assert function in {one.function for one in drained.deliveries}
    assert len(mailbox.all()) == 1


@pytest.mark.rule("NTF-53")
def test_bulk_keeps_to_what_may_leave_in_a_second(
    cloud: Emulator, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_MAX_PER_SECOND", "1")
    for number in range(3):
        put_notice(f"N:{number}", template=of_class(MessageClass.SERVICE))
    cloud.drain()
    seconds = [mail["at"][:19] for mail in mailbox.all()]
    assert len(seconds) == len(set(seconds)) == 3


@pytest.mark.rule("NTF-40")
@pytest.mark.parametrize("message_class", [MessageClass.SECURITY, MessageClass.SERVICE])
def test_who_finds_the_lease_taken_comes_again_when_it_has_run_out(
    cloud: Emulator, mailbox: Mailbox, message_class: MessageClass
) -> None:
    put = put_notice(template=of_class(message_class))
    put.status, put.lease_until = Status.SENDING, clock.now() + timedelta(seconds=120)
    put.index()
    store.put(put)
    cloud.drain()
    assert mailbox.all() == []
    assert now(put).status == Status.SENDING
    cloud.advance(122)
    cloud.drain()
    assert len(mailbox.all()) == 1
    assert now(put).status == Status.SENT


@pytest.mark.rule("NTF-50")
@pytest.mark.parametrize(
    ("channel", "setting"), [(Channel.SMS, "SMS_PROVIDER"), (Channel.WHATSAPP, "WHATSAPP_PROVIDER")]
)
def test_a_channel_nobody_configured_fails_without_a_word_to_the_cause(
    cloud: Emulator, monkeypatch: pytest.MonkeyPatch, channel: Channel, setting: str
) -> None:
    put = put_notice("P:1", "+919876543210", channel=channel)
    cloud.drain()
    failed = now(put)
    assert (failed.status, failed.error) == (Status.FAILED, "CHANNEL_NOT_CONFIGURED")
    monkeypatch.setenv(setting, "log")
    put = put_notice("P:2", "+919876543210", channel=channel)
    cloud.drain()
    sent = now(put)
    assert sent.status == Status.SENT
    assert str(sent.provider_message_id).startswith("log-")


@pytest.mark.rule("NTF-50")
def test_mail_without_a_sender_is_not_configured(cloud: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_FROM", "")
    put = put_notice()
    cloud.drain()
    assert now(put).error == "CHANNEL_NOT_CONFIGURED"


@pytest.mark.rule("NTF-32")
def test_a_missing_variable_fails_at_once_and_nothing_leaves(cloud: Emulator, mailbox: Mailbox) -> None:
    put = put_notice(payload={"device": ""})
    cloud.drain()
    failed = now(put)
    assert (failed.status, failed.error) == (Status.FAILED, "TEMPLATE_VARIABLE_MISSING: device")
    assert mailbox.all() == []


@pytest.mark.rule("NTF-71")
def test_what_stands_for_an_unknown_address_costs_the_same_and_sends_nothing(cloud: Emulator, mailbox: Mailbox) -> None:
    tx = store.Transaction()
    messages.post_decoy(
        tx, OTP, "nobody@example.in", dedup="AUTH_OTP:1", expires_at=clock.now() + timedelta(minutes=10)
    )
    tx.commit()
    drained = cloud.drain()
    assert {one.source for one in drained.deliveries} == {"stream"}
    assert mailbox.all() == []
