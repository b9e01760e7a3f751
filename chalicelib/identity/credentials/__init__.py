"""Credentials: codes and links by e-mail, passwords, addresses, and proving once more who one is."""

from chalicelib.identity.credentials.errors import OtpInvalid, OtpTooSoon, ResetTokenInvalid
from chalicelib.identity.credentials.items import EmailChange, OtpCode, ResetToken

__all__ = ["EmailChange", "OtpCode", "OtpInvalid", "OtpTooSoon", "ResetToken", "ResetTokenInvalid"]
