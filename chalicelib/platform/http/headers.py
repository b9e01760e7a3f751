"""Headers of every answer (HTTP-30 … HTTP-32)."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.platform import settings

CORS_ORIGINS = settings.listing("CORS_ORIGINS")
CORP_POLICY = settings.choice("CORP_POLICY", default="same-site", choices=("same-site", "same-origin", "cross-origin"))
AUTH_TOKEN_DELIVERY = settings.choice("AUTH_TOKEN_DELIVERY", default="both", choices=("both", "body", "cookie"))

ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
ALLOWED_HEADERS = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, If-Range, Range, X-Request-Id, "
    "X-View-Token, X-Device-Hint, X-CSRF-Token"
)
EXPOSED_HEADERS = (
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Location, Retry-After, RateLimit-Limit, "
    "RateLimit-Remaining, RateLimit-Reset, X-Content-Length, X-Next-Cursor, X-Request-Id"
)

SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Permissions-Policy": "()",
    "Cache-Control": "no-store",
}


def cors(origin: str | None, *, preflight: bool = False) -> dict[str, str]:
    """CORS headers for a listed origin; only ``Vary`` for any other."""
    headers = {"Vary": "Origin"}
    if origin is None or origin == "null" or origin not in CORS_ORIGINS():
        return headers
    headers["Access-Control-Allow-Origin"] = origin
    headers["Access-Control-Expose-Headers"] = EXPOSED_HEADERS
    if AUTH_TOKEN_DELIVERY() != "body":
        headers["Access-Control-Allow-Credentials"] = "true"
    if preflight:
        headers["Access-Control-Allow-Methods"] = ALLOWED_METHODS
        headers["Access-Control-Allow-Headers"] = ALLOWED_HEADERS
        headers["Access-Control-Max-Age"] = "600"
    return headers


def complete(own: Mapping[str, str], *, request_id: str, origin: str | None) -> dict[str, str]:
    """All headers of an answer: its own override the defaults."""
    return {
        **SECURITY_HEADERS,
        "Cross-Origin-Resource-Policy": CORP_POLICY(),
        **cors(origin),
        "X-Request-Id": request_id,
        **own,
    }
