"""What can be set about messages."""

from __future__ import annotations

from chalicelib.platform import settings

MAIL_PROVIDER = settings.choice("MAIL_PROVIDER", default="ses", choices=("ses", "log", "none"))
SMS_PROVIDER = settings.choice("SMS_PROVIDER", default="none", choices=("log", "none"))
WHATSAPP_PROVIDER = settings.choice("WHATSAPP_PROVIDER", default="none", choices=("log", "none"))
MAIL_FROM = settings.text("MAIL_FROM")
"""``Academy <no-reply@academy.example>``; SES must have verified the address or its domain."""
MAIL_REPLY_TO = settings.text("MAIL_REPLY_TO")
MAIL_RETURN_PATH = settings.text("MAIL_RETURN_PATH")
MAIL_CONFIGURATION_SET = settings.text("MAIL_CONFIGURATION_SET")
MAIL_LINK_HOSTS = settings.listing("MAIL_LINK_HOSTS")
"""Hosts that links made of values may lead to, beside those of the front ends."""
MAIL_MAX_PER_SECOND = settings.integer("MAIL_MAX_PER_SECOND", default=14, minimum=1, maximum=1_000)
MESSAGE_MAX_ATTEMPTS = settings.integer("MESSAGE_MAX_ATTEMPTS", default=5, minimum=1, maximum=5)
