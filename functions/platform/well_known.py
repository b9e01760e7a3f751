"""What strangers look for first: where the documentation is, and whom to tell of a weakness."""

from __future__ import annotations

from pydantic import Field

from chalicelib.platform import clock, settings
from chalicelib.platform.errors import RouteNotFound
from chalicelib.platform.http import Binary, ResponseModel, api

SECURITY_CONTACT = settings.listing("SECURITY_CONTACT")
"""Addresses that take reports, as URIs (``mailto:``, ``https:``), the preferred one first."""
SECURITY_EXPIRES = settings.parsed(
    "SECURITY_EXPIRES",
    default="",
    parse=lambda raw: clock.parse_iso(raw) if raw else None,
    rule="an instant with Z or an offset",
)
"""Until when somebody vouches for the contacts; at most a year ahead, as RFC 9116 advises."""
MAX_AGE_SECONDS = 86_400


class Root(ResponseModel):
    """Where to go from here."""

    docs: str = Field(examples=["/v1/docs"])
    openapi: str = Field(examples=["/v1/openapi.json"])
    health: str = Field(examples=["/v1/health"])


@api.get("/", public=True, in_maintenance=True, memory=128, timeout=5)
def root() -> Root:
    """Where the documentation and the health check are."""
    return Root(docs="/v1/docs", openapi="/v1/openapi.json", health="/v1/health")


@api.get(
    "/.well-known/security.txt",
    public=True,
    in_maintenance=True,
    binary="text/plain",
    raises=[RouteNotFound],
    memory=128,
    timeout=5,
)
def security_txt() -> Binary:
    """Whom to tell of a weakness (RFC 9116).

    Not there in a stage that names no contact.
    """
    expires = SECURITY_EXPIRES()
    if not SECURITY_CONTACT() or expires is None:
        raise RouteNotFound
    lines = [*(f"Contact: {contact}" for contact in SECURITY_CONTACT()), f"Expires: {clock.iso(expires)}"]
    content = "\n".join([*lines, "Preferred-Languages: en, hi", ""])
    headers = {"Cache-Control": f"public, max-age={MAX_AGE_SECONDS}"}
    return Binary(content.encode(), "text/plain; charset=utf-8", headers=headers)
