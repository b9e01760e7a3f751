"""What a provider is given, and how it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from chalicelib.platform.records import frozen


@frozen
class Mail:
    """One e-mail to one recipient. ``headers`` beside those that every mail has; ``tags`` for the provider's books."""

    to: str
    subject: str
    html: str
    text: str
    headers: Mapping[str, str]
    reply_to: str
    tags: Mapping[str, str]


@frozen
class Sms:
    """One text message; the last two as India's registry knows sender and wording."""

    to: str
    text: str
    sender_id: str = ""
    dlt_entity_id: str = ""
    dlt_template_id: str = ""


@frozen
class WhatsApp:
    """One message by a wording that the provider knows."""

    to: str
    template_name: str
    variables: Mapping[str, str]


class ProviderTrouble(Exception):
    """It did not work, and may work later. ``detail`` is kept with the message."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Refused(ProviderTrouble):
    """It will never work like this: a bad address, a sender that nobody verified."""


class MailProvider(Protocol):
    """Carries e-mail; answers its id. Raises ``ProviderTrouble``."""

    def send_email(self, mail: Mail) -> str: ...


class SmsProvider(Protocol):
    """Carries text messages; answers its id. Raises ``ProviderTrouble``."""

    def send_sms(self, sms: Sms) -> str: ...


class WhatsAppProvider(Protocol):
    """Carries WhatsApp messages; answers its id. Raises ``ProviderTrouble``."""

    def send_whatsapp(self, message: WhatsApp) -> str: ...
