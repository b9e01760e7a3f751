"""Which provider a channel has here."""

from __future__ import annotations

from chalicelib.engagement.notifications import configuration as c
from chalicelib.engagement.notifications.providers.interface import (
    MailProvider,
    Refused,
    SmsProvider,
    WhatsAppProvider,
)
from chalicelib.engagement.notifications.providers.log import Log

NOT_CONFIGURED = "CHANNEL_NOT_CONFIGURED"


def mail_provider() -> MailProvider:
    """The one for e-mail. Raises ``Refused`` where none is configured."""
    if c.MAIL_PROVIDER() == "ses" and c.MAIL_FROM():
        from chalicelib.engagement.notifications.providers.ses import Ses

        return Ses()
    return _logging(c.MAIL_PROVIDER())


def sms_provider() -> SmsProvider:
    """The one for text messages. Raises ``Refused`` where none is configured."""
    return _logging(c.SMS_PROVIDER())


def whatsapp_provider() -> WhatsAppProvider:
    """The one for WhatsApp. Raises ``Refused`` where none is configured."""
    return _logging(c.WHATSAPP_PROVIDER())


def _logging(chosen: str) -> Log:
    if chosen != "log":
        raise Refused(NOT_CONFIGURED)
    return Log()
