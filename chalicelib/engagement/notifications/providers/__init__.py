"""Those who carry messages to people; which one, configuration says, a channel each (NTF-50)."""

from chalicelib.engagement.notifications.providers.interface import Mail, ProviderTrouble, Refused, Sms, WhatsApp

__all__ = ["Mail", "ProviderTrouble", "Refused", "Sms", "WhatsApp"]
