"""Amazon SES, API v2: the mail as raw MIME, so that its headers are ours (NTF-54).

Contract: SES v2 ``SendEmail`` with ``Content.Raw``. The local cloud answers the same call and keeps what it got.
"""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.engagement.notifications.configuration import MAIL_CONFIGURATION_SET, MAIL_FROM, MAIL_RETURN_PATH
from chalicelib.engagement.notifications.providers.interface import Mail, ProviderTrouble, Refused
from chalicelib.platform import clock
from chalicelib.platform.aws import clients

FOR_GOOD = frozenset(
    {"MessageRejected", "MailFromDomainNotVerifiedException", "BadRequestException", "NotFoundException"}
)
"""Answers that a second try would only repeat; throttling, pauses and faults pass."""

_ADDRESS = re.compile(r"[^\s<>@:,]+@[^\s<>@:,]+")
_TAG = re.compile(r"[^A-Za-z0-9_-]")


class Ses:
    """Sends through SES."""

    def send_email(self, mail: Mail) -> str:
        """Hand the mail over; SES tries only once, since it might have taken the first try."""
        more = {"ConfigurationSetName": MAIL_CONFIGURATION_SET()} if MAIL_CONFIGURATION_SET() else {}
        if MAIL_RETURN_PATH():
            more["FeedbackForwardingEmailAddress"] = MAIL_RETURN_PATH()
        tags = [{"Name": name, "Value": _TAG.sub("-", value)[:256]} for name, value in mail.tags.items()]
        try:
            answer = clients.ses().send_email(
                FromEmailAddress=parseaddr(MAIL_FROM())[1],
                Destination={"ToAddresses": [mail.to]},
                Content={"Raw": {"Data": mime(mail)}},
                EmailTags=tags,
                **more,
            )
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "Unknown"))
            said = str(error.response.get("Error", {}).get("Message", ""))
            kind = Refused if code in FOR_GOOD else ProviderTrouble
            raise kind(f"{code}: {_ADDRESS.sub('(address)', said)}"[:500]) from error
        except BotoCoreError as error:
            raise ProviderTrouble(type(error).__name__) from error
        return str(answer["MessageId"])


def mime(mail: Mail) -> bytes:
    """The mail as it travels: multipart/alternative in UTF-8, text first. Raises ``Refused`` for a bad address."""
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = MAIL_FROM()
        message["To"] = mail.to
        message["Subject"] = mail.subject
        if mail.reply_to:
            message["Reply-To"] = mail.reply_to
        message["Date"] = format_datetime(clock.now())
        message["Auto-Submitted"] = "auto-generated"
        for name, value in mail.headers.items():
            message[name] = value
        message.set_content(mail.text, cte="base64")
        message.add_alternative(mail.html, subtype="html", cte="base64")
        return bytes(message)
    except (ValueError, LookupError) as error:
        raise Refused("ADDRESS_INVALID: a header cannot be written with this") from error
