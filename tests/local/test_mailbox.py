"""What the backend sends is kept, and nothing leaves the machine (LOC-09)."""

from __future__ import annotations

import base64
import json
from email.message import EmailMessage

import pytest

from chalicelib.platform.aws import clients
from infra.local.emulator import Emulator
from infra.local.mailbox import Mailbox


@pytest.mark.rule("LOC-09")
def test_mails_are_kept_newest_first_and_found_by_recipient(cloud: Emulator) -> None:
    mailbox = Mailbox()
    cloud.on_send = mailbox.take
    try:
        ses = clients._client("sesv2")
        ses.create_email_identity(EmailIdentity="academy@example.com")
        for to in ("asha@example.com", "ravi@example.com"):
            ses.send_email(
                FromEmailAddress="academy@example.com",
                Destination={"ToAddresses": [to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": f"For {to}"},
                        "Body": {"Text": {"Data": "plain"}, "Html": {"Data": "<p>नमस्ते</p>"}},
                    }
                },
            )
    finally:
        cloud.on_send = None
    assert [mail["subject"] for mail in mailbox.all()] == ["For ravi@example.com", "For asha@example.com"]
    (found,) = mailbox.all("ASHA@")
    assert (found["text"], found["html"], found["channel"]) == ("plain", "<p>नमस्ते</p>", "EMAIL")
    assert mailbox.find(found["id"]) == found
    assert mailbox.clear() == 2
    assert mailbox.all() == []


@pytest.mark.rule("LOC-09")
def test_raw_mails_show_their_parts() -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "academy@example.com", "asha@example.com", "Receipt ₹499"
    message.set_content("plain")
    message.add_alternative("<b>html</b>", subtype="html")
    given = {"Content": {"Raw": {"Data": base64.b64encode(bytes(message)).decode()}}}
    mailbox = Mailbox()
    mailbox.take("ses", "SendEmail", json.dumps(given).encode())
    (mail,) = mailbox.all()
    assert (mail["subject"], mail["to"]) == ("Receipt ₹499", ["asha@example.com"])
    assert mail["text"].strip() == "plain"
    assert mail["html"].strip() == "<b>html</b>"
    assert "Content-Type: multipart/alternative" in mail["raw"]


@pytest.mark.rule("LOC-09")
def test_text_messages_are_kept_too() -> None:
    mailbox = Mailbox()
    mailbox.take("sns", "Publish", b"Action=Publish&PhoneNumber=%2B919810000001&Message=Code+123456")
    mailbox.take("sns", "Publish", b"Action=Publish&TopicArn=arn&Message=alarm")
    (message,) = mailbox.all("+9198")
    assert (message["channel"], message["text"]) == ("SMS", "Code 123456")
