"""A provider that carries nothing and only logs that it was asked: where none is contracted yet (SMS, WhatsApp)."""

from __future__ import annotations

from chalicelib.engagement.notifications.providers.interface import Mail, Sms, WhatsApp
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.logs import event


class Log:
    """Takes everything; no address and no text appears in the log."""

    def send_email(self, mail: Mail) -> str:
        """Log one mail."""
        return _logged("EMAIL", len(mail.text))

    def send_sms(self, sms: Sms) -> str:
        """Log one text message."""
        return _logged("SMS", len(sms.text))

    def send_whatsapp(self, message: WhatsApp) -> str:
        """Log one WhatsApp message."""
        return _logged("WHATSAPP", len(message.variables))


def _logged(channel: str, size: int) -> str:
    own_id = f"log-{new_ulid()}"
    event("message only logged", channel=channel, size=size, providerMessageId=own_id)
    return own_id
