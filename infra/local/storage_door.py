"""Where browsers reach the bucket: presigned uploads, checked as S3 checks them, in front of the emulated AWS.

Anything else that is signed the usual way reaches the emulated AWS too: ``aws --endpoint-url http://localhost:5000 …``.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import zlib
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from uuid import uuid4
from xml.sax.saxutils import escape

from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders

from chalicelib.platform import clock
from chalicelib.platform.aws import clients
from chalicelib.platform.aws.bucket import BUCKET_NAME
from infra.local.emulator import Emulator
from infra.local.proxy import Incoming, Outgoing
from infra.local.signatures import Refused, is_presigned, verify
from infra.local.targets import service_name

MAX_BODY = 1024 * 1024 * 1024
_SCOPE = re.compile(r"Credential=[^/]+/\d{8}/([^/]+)/([^/]+)/aws4_request")
_SUMS: dict[str, Callable[[bytes], bytes]] = {
    "x-amz-checksum-sha256": lambda body: hashlib.sha256(body).digest(),
    "x-amz-checksum-sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "x-amz-checksum-crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "content-md5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
}


class StorageDoor:
    """Answers requests on its own port."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def answer(self, incoming: Incoming) -> Outgoing:
        """One request."""
        headers = {name.lower(): value for name, value in incoming.headers}
        cors = self._cors(incoming, headers)
        if incoming.method == "OPTIONS":
            return _preflight(headers, cors)
        try:
            if is_presigned(incoming.query):
                answer = self._presigned(incoming, headers)
            else:
                answer = self._signed(incoming, headers)
        except Refused as refused:
            answer = _error(refused, incoming.path)
        answer.headers.extend(cors.items())
        return answer

    def _presigned(self, incoming: Incoming, headers: Mapping[str, str]) -> Outgoing:
        verify(
            incoming.method,
            incoming.path,
            incoming.query,
            headers,
            key_id=os.environ["AWS_ACCESS_KEY_ID"],
            secret=os.environ["AWS_SECRET_ACCESS_KEY"],
            now=incoming.began or clock.now(),
        )
        if incoming.method != "PUT":
            raise Refused(403, "AccessDenied", "Access Denied")
        bucket, _, key = unquote(incoming.path.lstrip("/")).partition("/")
        _check_body(headers, incoming.body)
        part = dict(parse_qsl(incoming.query))
        if "uploadId" in part:
            return self._store(bucket, key, incoming, headers, part)
        if headers.get("if-none-match") == "*" and self._exists(bucket, key):
            raise Refused(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
        return self._store(bucket, key, incoming, headers)

    def _exists(self, bucket: str, key: str) -> bool:
        answer = clients.s3().list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
        return any(one["Key"] == key for one in answer.get("Contents", []))

    def _store(
        self,
        bucket: str,
        key: str,
        incoming: Incoming,
        headers: Mapping[str, str],
        part: Mapping[str, str] | None = None,
    ) -> Outgoing:
        """Store an object, or one ``part`` (``{uploadId, partNumber}``) of it."""
        kept = ("content-type", "content-length", "cache-control", "content-disposition")
        sent = {name: value for name, value in headers.items() if name in kept or name.startswith("x-amz-")}
        url = f"https://{bucket}.s3.{clients.region()}.amazonaws.com/{quote(key)}"
        if part is None:
            return self._forward("s3", "PutObject", "PUT", url, sent, incoming.body)
        url += f"?partNumber={quote(part['partNumber'])}&uploadId={quote(part['uploadId'])}"
        return self._forward("s3", "UploadPart", "PUT", url, sent, incoming.body)

    def _signed(self, incoming: Incoming, headers: Mapping[str, str]) -> Outgoing:
        scope = _SCOPE.search(headers.get("authorization", ""))
        if scope is None:
            raise Refused(403, "AccessDenied", "Access Denied")
        region, service = scope[1], scope[2]
        query = f"?{incoming.query}" if incoming.query else ""
        if service == "s3":
            bucket, _, key = incoming.path.lstrip("/").partition("/")
            host = f"{bucket}.s3.{region}" if bucket else f"s3.{region}"
            url = f"https://{host}.amazonaws.com/{key}{query}"
        else:
            url = f"https://{service}.{region}.amazonaws.com{incoming.path}{query}"
        operation = headers.get("x-amz-target", "").rsplit(".", 1)[-1] or incoming.method
        return self._forward(service_name(service), operation, incoming.method, url, headers, incoming.body)

    def _forward(
        self, service: str, operation: str, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Outgoing:
        sent = HTTPHeaders()
        for name, value in headers.items():
            if name != "host":
                sent[name] = value
        request = AWSPreparedRequest(method, url, sent, body, stream_output=False)
        reply = self._emulator.serve(service, operation, request)
        if reply is None:
            raise Refused(404, "NotFound", "There is no such service here")
        status, answered, content = reply
        return Outgoing(status, [(name, str(value)) for name, value in answered.items()], content)

    def _cors(self, incoming: Incoming, headers: Mapping[str, str]) -> dict[str, str]:
        """The bucket's own CORS rules, as the template set them."""
        origin = headers.get("origin")
        bucket = incoming.path.lstrip("/").partition("/")[0]
        if origin is None or bucket != BUCKET_NAME():
            return {}
        method = headers.get("access-control-request-method", incoming.method)
        asked = [one.strip().lower() for one in headers.get("access-control-request-headers", "").split(",")]
        for rule in clients.s3().get_bucket_cors(Bucket=bucket)["CORSRules"]:
            allowed = {one.lower() for one in rule.get("AllowedHeaders", [])}
            known = all(one in allowed or "*" in allowed for one in asked if one)
            if origin in rule["AllowedOrigins"] and method in rule["AllowedMethods"] and known:
                return _allowed(rule, origin, ", ".join(one for one in asked if one))
        return {}


def _allowed(rule: Mapping[str, Any], origin: str, asked: str) -> dict[str, str]:
    found = {
        "Access-Control-Allow-Origin": origin,
        "Access-Control-Allow-Methods": ", ".join(rule["AllowedMethods"]),
        "Access-Control-Allow-Credentials": "true",
        "Vary": "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
    }
    if asked:
        found["Access-Control-Allow-Headers"] = asked
    if rule.get("ExposeHeaders"):
        found["Access-Control-Expose-Headers"] = ", ".join(rule["ExposeHeaders"])
    if rule.get("MaxAgeSeconds"):
        found["Access-Control-Max-Age"] = str(rule["MaxAgeSeconds"])
    return found


def _preflight(headers: Mapping[str, str], cors: Mapping[str, str]) -> Outgoing:
    if cors:
        return Outgoing(200, list(cors.items()))
    refused = Refused(403, "AccessForbidden", "CORSResponse: This CORS request is not allowed.")
    return _error(refused, headers.get("host", ""))


def _check_body(headers: Mapping[str, str], body: bytes) -> None:
    """Length and checksums that were announced are those of the bytes that came."""
    if str(len(body)) != headers.get("content-length", str(len(body))):
        raise Refused(400, "IncompleteBody", "You did not provide the number of bytes specified by Content-Length")
    for name, digest in _SUMS.items():
        given = headers.get(name)
        if given is not None and given != base64.b64encode(digest(body)).decode():
            kind = name.rsplit("-", 1)[-1].upper()
            raise Refused(400, "BadDigest", f"The {kind} you specified did not match the calculated checksum.")


def _error(refused: Refused, path: str) -> Outgoing:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{refused.code}</Code><Message>{escape(refused.message)}</Message>"
        f"<Resource>{escape(path)}</Resource><RequestId>{uuid4().hex[:16].upper()}</RequestId></Error>"
    )
    return Outgoing(refused.status, [("Content-Type", "application/xml")], body.encode())
