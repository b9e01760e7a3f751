"""E-mail addresses, names and phone numbers as they are kept (AUTH-42)."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any

from pydantic import AfterValidator, Field, WithJsonSchema

from chalicelib.platform import settings
from chalicelib.platform.errors import invalid
from chalicelib.platform.http.models import Characters

EMAIL_DOMAIN_DENY = settings.listing("EMAIL_DOMAIN_DENY")

MAX_EMAIL = 254
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_INDIAN = re.compile(r"[6-9][0-9]{9}")
_NOT_IN_LOCAL_PARTS = frozenset('@<>()[]\\,;:"')


def normalize_email(given: str) -> str:
    """The address trimmed and lower-cased, an international domain in punycode; ``ValueError`` when it is none.

    No dot or plus folding: providers differ in what they ignore.
    """
    address = unicodedata.normalize("NFC", given.strip().lower())
    local, separator, domain = address.partition("@")
    if not separator or "@" in domain or not _is_local_part(local):
        raise ValueError("must be an e-mail address")
    domain = _ascii_domain(domain)
    normal = f"{local}@{domain}"
    if len(normal) > MAX_EMAIL:
        raise ValueError(f"must have at most {MAX_EMAIL} characters")
    return normal


def _is_local_part(local: str) -> bool:
    if not local or _NOT_IN_LOCAL_PARTS.intersection(local):
        return False
    return not any(character.isspace() or unicodedata.category(character).startswith("C") for character in local)


def _ascii_domain(domain: str) -> str:
    if not domain.isascii():
        import idna

        try:
            domain = idna.encode(domain, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as error:
            raise ValueError("must have a domain that exists") from error
    labels = domain.split(".")
    if len(labels) < 2 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise ValueError("must have a domain with a dot")
    return domain


def check_domain_allowed(email: str, field: str = "body.email") -> None:
    """422 for a domain, or one below it, that the academy does not accept for new accounts (``EMAIL_DOMAIN_DENY``)."""
    domain = email.rpartition("@")[2]
    for denied in EMAIL_DOMAIN_DENY():
        if domain == denied.lower() or domain.endswith(f".{denied.lower()}"):
            raise invalid(field, "EMAIL_DOMAIN_DENIED", "addresses of this domain are not accepted")


def normalize_phone(given: str) -> str:
    """E.164, or 10 digits that start 6–9, read as Indian: ``9876543210`` → ``+919876543210``; else ``ValueError``."""
    number = given.strip()
    if _INDIAN.fullmatch(number):
        return f"+91{number}"
    if _E164.fullmatch(number) is None:
        raise ValueError("must be an international number like +919876543210, or 10 Indian digits")
    return number


def check_name(name: str) -> str:
    """A person's name: at least one letter of any script, and nothing that could be markup or a link."""
    if not any(unicodedata.category(character).startswith("L") for character in name):
        raise ValueError("must contain a letter")
    if "<" in name or ">" in name or "://" in name or any(end in name for end in "\u2028\u2029"):
        raise ValueError("must not contain < or > or ://")
    return name


def _schema(**members: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **members})


Email = Annotated[
    str,
    Field(min_length=3, max_length=320),
    AfterValidator(normalize_email),
    _schema(format="email", maxLength=MAX_EMAIL, examples=["asha@example.in"]),
]
"""An e-mail address in a body; normalized inside."""

Phone = Annotated[
    str,
    Field(min_length=8, max_length=20),
    AfterValidator(normalize_phone),
    _schema(maxLength=16, pattern=r"^(\+[1-9][0-9]{6,14}|[6-9][0-9]{9})$", examples=["+919876543210"]),
]
"""A phone number in a body; E.164 inside."""

Name = Annotated[
    str,
    Characters(1, 100),
    AfterValidator(check_name),
]
"""A person's name in a body."""
