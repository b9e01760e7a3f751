"""Webhooks of both contracts: verified on the raw bytes, in constant time, before anything parses them (PAY-60)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any

from chalicelib.commerce.gateways.interface import WebhookEvent
from chalicelib.commerce.gateways.phonepe import configuration, fields

UNREADABLE = "UNREADABLE"
_RESPONSE = re.compile(rb'"response"\s*:\s*"([A-Za-z0-9+/=\\]*)"')
_VERIFY = re.compile(r"([0-9a-fA-F]{64})###(\d{1,4})")
_ID = re.compile(r"[A-Za-z0-9_-]{1,63}")


def verify(headers: Mapping[str, str], raw_body: bytes) -> bool:
    """V1 by ``X-VERIFY``, V2 by ``Authorization``; both while both have secrets (PAY-97)."""
    secrets = configuration.webhook_secrets()
    if "x-verify" in headers:
        return _verify_v1(headers["x-verify"], raw_body, secrets)
    return _verify_v2(headers.get("authorization", ""), secrets)


def _encoded(raw_body: bytes) -> bytes | None:
    """The base64 text that V1 signs, as it stands in the body; what is verified is exactly what is read later."""
    match = _RESPONSE.search(raw_body)
    return match[1].replace(b"\\/", b"/") if match else None


def _verify_v1(header: str, raw_body: bytes, secrets: Mapping[str, Any]) -> bool:
    """sha256 hex(response + salt) + ``###`` + index; several salts by index may be in force (PAY-92)."""
    given = _VERIFY.fullmatch(header.strip())
    encoded = _encoded(raw_body)
    key = dict(secrets.get("salts") or {}).get(str(int(given[2]))) if given else None
    right = hashlib.sha256((encoded or b"") + str(key).encode()).hexdigest()
    same = hmac.compare_digest((given[1].lower() if given else "").encode(), right.encode())
    return same and encoded is not None and key is not None


def _verify_v2(header: str, secrets: Mapping[str, Any]) -> bool:
    """sha256 hex of ``username:password``; the current and the previous pair (PAY-96); Basic on top if configured."""
    parts = [part.strip() for part in header.split(",")]
    pairs = list(secrets.get("credentials") or ())
    hashes = [hashlib.sha256(f"{one['username']}:{one['password']}".encode()).hexdigest() for one in pairs]
    good = False
    for part in parts:
        for right in hashes:
            good |= hmac.compare_digest(_bytes(part.lower()), right.encode())
    basic = list(secrets.get("basic") or ())
    return good and (not basic or _basic(parts, basic))


def _basic(parts: list[str], pairs: list[Mapping[str, str]]) -> bool:
    good = False
    for part in parts:
        for one in pairs:
            right = "Basic " + base64.b64encode(f"{one['username']}:{one['password']}".encode()).decode()
            good |= hmac.compare_digest(_bytes(part), right.encode())
    return good


def _bytes(header: str) -> bytes:
    """Whatever somebody sends as a header."""
    return header.encode("utf-8", "replace")


def parse(raw_body: bytes, headers: Mapping[str, str]) -> WebhookEvent:
    """What a verified webhook says. PhonePe sends no event id: the hash of the raw body is one."""
    event_id = hashlib.sha256(raw_body).hexdigest()
    try:
        if "x-verify" in headers:
            body = json.loads(base64.b64decode(_encoded(raw_body) or b"", validate=True))
        else:
            body = json.loads(raw_body)
    except (ValueError, binascii.Error, RecursionError):
        return WebhookEvent(event_id, UNREADABLE)
    if not isinstance(body, Mapping):
        return WebhookEvent(event_id, UNREADABLE)
    return _v1(event_id, body) if "x-verify" in headers else _v2(event_id, body)


def _v1(event_id: str, body: Mapping[str, Any]) -> WebhookEvent:
    data = fields.mapping(body.get("data"))
    name = _id(data.get("merchantTransactionId"))
    is_refund = name is not None and name.startswith("RF")
    return WebhookEvent(
        event_id,
        event_type=fields.word(body.get("code"), 64) or UNREADABLE,
        merchant_transaction_id=None if is_refund else name,
        merchant_refund_id=name if is_refund else None,
        provider_payment_id=fields.word(data.get("transactionId"), 64),
        amount=fields.paise(data.get("amount")),
        currency="INR",
        state=fields.word(data.get("state"), 64),
    )


def _v2(event_id: str, body: Mapping[str, Any]) -> WebhookEvent:
    payload = fields.mapping(body.get("payload"))
    details = payload.get("paymentDetails")
    last = fields.mapping(details[-1]) if isinstance(details, list) and details else {}
    return WebhookEvent(
        event_id,
        event_type=fields.word(body.get("event"), 64) or UNREADABLE,
        merchant_transaction_id=_id(payload.get("merchantOrderId") or payload.get("originalMerchantOrderId")),
        merchant_refund_id=_id(payload.get("merchantRefundId")),
        provider_order_id=fields.word(payload.get("orderId"), 64),
        provider_payment_id=fields.word(last.get("transactionId"), 64),
        amount=fields.paise(payload.get("amount")),
        currency="INR",
        state=fields.word(payload.get("state"), 64),
    )


def _id(value: Any) -> str | None:
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
