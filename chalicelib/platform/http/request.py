"""An API Gateway proxy event (REST, payload format 1.0) as a request."""

from __future__ import annotations

import base64
import binascii
import hashlib
import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.cookies import CookieError, SimpleCookie
from typing import Any

from chalicelib.platform import clock, settings
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.errors import HeaderInvalid, problem
from chalicelib.platform.http.limits import Counting
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store.items import Item

TRUSTED_PROXY = settings.choice("TRUSTED_PROXY", default="none", choices=("none", "cloudfront"))

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
_VERSION = re.compile(r'(?:W/)?"v(\d{1,9})"')


@dataclass
class Request:
    """What came in. Header names are lower-case; a header or query parameter that came twice has all its values."""

    method: str
    path: str
    path_params: Mapping[str, str]
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    raw_body: bytes
    source_ip: str
    request_id: str
    received_at: datetime = field(default_factory=clock.now)
    idempotency_key: str | None = None
    beside: list[Item | None] = field(default_factory=list)
    caller: Caller | None = None
    counting: Counting = field(default_factory=Counting)

    @property
    def user_agent(self) -> str:
        """At most 256 characters of it."""
        return self.headers.get("user-agent", "")[:256]

    @property
    def device_hash(self) -> str:
        """What tells devices apart without telling which they are: a hash of the user agent."""
        return hashlib.sha256(self.user_agent.encode("utf-8", "replace")).hexdigest()[:32]

    @property
    def cookies(self) -> dict[str, str]:
        """Cookies by name; a malformed header has none."""
        try:
            parsed = SimpleCookie(self.headers.get("cookie", ""))
        except CookieError:
            return {}
        return {name: morsel.value for name, morsel in parsed.items()}

    @property
    def network(self) -> str:
        """The address that limits count: an IPv4, or the /64 of an IPv6 (HTTP-43)."""
        try:
            address = ipaddress.ip_address(self.source_ip)
        except ValueError:
            return "unknown"
        if isinstance(address, ipaddress.IPv6Address):
            mapped = address.ipv4_mapped
            if mapped is not None:
                return str(mapped)
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)

    def if_match(self) -> int | None:
        """The version in ``If-Match: "v3"``; None without the header or with ``*``."""
        value = self.headers.get("if-match")
        if value is None or value.strip() == "*":
            return None
        match = _VERSION.fullmatch(value.strip())
        if match is None:
            raise HeaderInvalid([problem("header.If-Match", "FORMAT", 'must look like "v3"')])
        return int(match[1])


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body") or ""
    if event.get("isBase64Encoded"):
        try:
            return base64.b64decode(body, validate=True)
        except (binascii.Error, ValueError):
            return b""
    return str(body).encode("utf-8", "surrogatepass")


def _source_ip(event: Mapping[str, Any], headers: Mapping[str, str]) -> str:
    identity = event.get("requestContext", {}).get("identity", {})
    source = str(identity.get("sourceIp") or "")
    if TRUSTED_PROXY() == "cloudfront":
        hops = [hop.strip() for hop in headers.get("x-forwarded-for", "").split(",") if hop.strip()]
        return hops[-1] if hops else source
    return source


def _stamp(event: Mapping[str, Any]) -> float | None:
    """When the gateway took the request, in milliseconds."""
    stamp = event.get("requestContext", {}).get("requestTimeEpoch")
    return float(stamp) if isinstance(stamp, (int, float)) else None


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's ``X-Request-Id`` if it is a sane one, else a new id (HTTP-27)."""
    given = headers.get("x-request-id", "")
    return given if _REQUEST_ID.fullmatch(given) else new_ulid()


def from_event(event: Mapping[str, Any]) -> Request:
    """Read a proxy event."""
    multi = event.get("multiValueHeaders") or {name: [value] for name, value in (event.get("headers") or {}).items()}
    headers = {str(name).lower(): ", ".join(values) for name, values in multi.items()}
    if "cookie" in headers:
        headers["cookie"] = headers["cookie"].replace(", ", "; ")
    query = event.get("multiValueQueryStringParameters") or {
        name: [value] for name, value in (event.get("queryStringParameters") or {}).items()
    }
    return Request(
        method=str(event.get("httpMethod", "GET")),
        path=str(event.get("path", "/")),
        path_params=event.get("pathParameters") or {},
        query=query,
        headers=headers,
        raw_body=_body(event),
        source_ip=_source_ip(event, headers),
        request_id=request_id_of(headers),
        received_at=clock.arrived(_stamp(event)),
    )
