"""Verification of presigned S3 addresses (Signature Version 4 in the query), as S3 does it.

Source: «Authenticating Requests: Using Query Parameters (AWS Signature Version 4)» of the Amazon S3 API reference.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote

ALGORITHM = "AWS4-HMAC-SHA256"
PAYLOAD = "UNSIGNED-PAYLOAD"
MAX_SECONDS = 604_800
_NEEDED = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-SignedHeaders",
    "X-Amz-Signature",
)


class Refused(Exception):
    """S3's error: status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Presigned:
    """The parts of a presigned query."""

    key_id: str
    scope: str
    region: str
    service: str
    date: str
    seconds: int
    signed_headers: tuple[str, ...]
    signature: str


def is_presigned(query: str) -> bool:
    """Whether a query string carries a signature."""
    return "X-Amz-Signature=" in query


def parse(query: str) -> Presigned:
    """Read the query; ``Refused`` when a part is missing or malformed."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    missing = [name for name in _NEEDED if not given.get(name)]
    if missing:
        raise Refused(
            400,
            "AuthorizationQueryParametersError",
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        )
    credential = given["X-Amz-Credential"].split("/")
    if given["X-Amz-Algorithm"] != ALGORITHM or len(credential) != 5:
        raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Algorithm only supports AWS4-HMAC-SHA256")
    seconds = given["X-Amz-Expires"]
    if not seconds.isdecimal() or not 1 <= int(seconds) <= MAX_SECONDS:
        raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Expires must be less than a week (in seconds)")
    return Presigned(
        key_id=credential[0],
        scope="/".join(credential[1:]),
        region=credential[2],
        service=credential[3],
        date=given["X-Amz-Date"],
        seconds=int(seconds),
        signed_headers=tuple(given["X-Amz-SignedHeaders"].lower().split(";")),
        signature=given["X-Amz-Signature"],
    )


def verify(
    method: str, path: str, query: str, headers: Mapping[str, str], *, key_id: str, secret: str, now: datetime
) -> Presigned:
    """Check time, key, headers and signature; ``headers`` by lower-case name, ``path`` as sent. Raises ``Refused``."""
    presigned = parse(query)
    if presigned.key_id != key_id:
        raise Refused(403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
    try:
        made = datetime.strptime(presigned.date, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise Refused(400, "AuthorizationQueryParametersError", "X-Amz-Date must be in the ISO8601 format") from error
    if now > made + timedelta(seconds=presigned.seconds):
        raise Refused(403, "AccessDenied", "Request has expired")
    unsigned = [name for name in headers if name.startswith("x-amz-") and name not in presigned.signed_headers]
    if unsigned or "host" not in presigned.signed_headers:
        raise Refused(403, "AccessDenied", "There were headers present in the request which were not signed")
    expected = signature(method, path, query, headers, presigned, secret)
    if not hmac.compare_digest(expected, presigned.signature):
        raise Refused(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your key and signing "
            "method.",
        )
    return presigned


def signature(method: str, path: str, query: str, headers: Mapping[str, str], presigned: Presigned, secret: str) -> str:
    """The signature that such a request has."""
    pairs = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True) if name != "X-Amz-Signature"]
    canonical_query = "&".join(
        f"{quote(name, safe='-_.~')}={quote(value, safe='-_.~')}" for name, value in sorted(pairs)
    )
    canonical_headers = "".join(
        f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in presigned.signed_headers
    )
    canonical = "\n".join(
        (method, path, canonical_query, canonical_headers, ";".join(presigned.signed_headers), PAYLOAD)
    )
    to_sign = "\n".join((ALGORITHM, presigned.date, presigned.scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = b"AWS4" + secret.encode()
    for part in presigned.scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
