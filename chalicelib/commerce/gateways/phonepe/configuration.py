"""Hosts, paths and keys of PhonePe: configuration and secrets, per stage (PAY-97, PAY-114)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any
from urllib.parse import urlsplit

from chalicelib.platform import settings
from chalicelib.platform.records import frozen
from chalicelib.platform.secrets import secret

V1, V2 = "V1", "V2"
NAME = "PHONEPE"

PHONEPE_CONTRACT = settings.choice("PHONEPE_CONTRACT", default=V2, choices=(V1, V2))
PHONEPE_API_BASE_URL = settings.text("PHONEPE_API_BASE_URL", default="https://api-preprod.phonepe.com/apis/pg-sandbox")
PHONEPE_AUTH_BASE_URL = settings.text(
    "PHONEPE_AUTH_BASE_URL", default="https://api-preprod.phonepe.com/apis/pg-sandbox"
)
PHONEPE_CALLBACK_URL = settings.text(
    "PHONEPE_CALLBACK_URL", default="http://127.0.0.1:8000/v1/payments/webhook/phonepe"
)
PHONEPE_TOKEN_PATH = settings.text("PHONEPE_TOKEN_PATH", default="/v1/oauth/token")
PHONEPE_PAY_PATH = settings.text("PHONEPE_PAY_PATH")
PHONEPE_STATUS_PATH = settings.text("PHONEPE_STATUS_PATH")
PHONEPE_REFUND_PATH = settings.text("PHONEPE_REFUND_PATH")
PHONEPE_REFUND_STATUS_PATH = settings.text("PHONEPE_REFUND_STATUS_PATH")

PHONEPE = secret("PHONEPE")
PHONEPE_WEBHOOK = secret("PHONEPE_WEBHOOK")

LIVE_HOST = "api.phonepe.com"
SANDBOX_HOSTS = frozenset({"api-preprod.phonepe.com", "api-uat.phonepe.com"})
PRODUCTION = "prod"
_LIVE_BASE = {V1: f"https://{LIVE_HOST}/apis/hermes", V2: f"https://{LIVE_HOST}/apis/pg"}

_PATHS = {
    V1: {
        "PAY": "/pg/v1/pay",
        "STATUS": "/pg/v1/status/{merchantId}/{merchantTransactionId}",
        "REFUND": "/pg/v1/refund",
        "REFUND_STATUS": "/pg/v1/status/{merchantId}/{merchantTransactionId}",
    },
    V2: {
        "PAY": "/checkout/v2/pay",
        "STATUS": "/checkout/v2/order/{merchantOrderId}/status",
        "REFUND": "/payments/v2/refund",
        "REFUND_STATUS": "/payments/v2/refund/{merchantRefundId}/status",
    },
}
_CONFIGURED = {
    "PAY": PHONEPE_PAY_PATH,
    "STATUS": PHONEPE_STATUS_PATH,
    "REFUND": PHONEPE_REFUND_PATH,
    "REFUND_STATUS": PHONEPE_REFUND_STATUS_PATH,
}


@frozen
class Account:
    """A merchant account's keys. ``salts``: V1's keys by index; the highest index signs."""

    merchant_id: str
    salts: Mapping[int, str] = field(default_factory=dict, repr=False)
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_version: str = "1"

    def newest_salt(self) -> tuple[int, str]:
        """(index, key) of the salt that signs our requests."""
        index = max(self.salts)
        return index, self.salts[index]


def _account(facts: Mapping[str, Any]) -> Account:
    return Account(
        merchant_id=str(facts["merchantId"]),
        salts={int(index): str(key) for index, key in dict(facts.get("salts") or {}).items()},
        client_id=str(facts.get("clientId", "")),
        client_secret=str(facts.get("clientSecret", "")),
        client_version=str(facts.get("clientVersion", "1")),
    )


def account(merchant_id: str | None = None) -> Account:
    """The account of a merchant id; the current one without.

    Secret ``PHONEPE``: ``{merchantId, salts: {index: key}, clientId, clientSecret, clientVersion, former?}``;
    ``former`` (a list of the same) keeps the accounts whose orders are still followed and refunded.
    """
    facts = json.loads(PHONEPE())
    current = _account(facts)
    if merchant_id is None or merchant_id == current.merchant_id:
        return current
    former = (_account(one) for one in facts.get("former") or ())
    found = next((one for one in former if one.merchant_id == merchant_id), None)
    if found is None:
        raise settings.BadSetting("PHONEPE: the account of an order is not among the secret's accounts")
    return found


def webhook_secrets() -> dict[str, Any]:
    """Secret ``PHONEPE_WEBHOOK``: ``{credentials: [{username, password}], salts: {index: key}, basic?}``."""
    facts: dict[str, Any] = json.loads(PHONEPE_WEBHOOK())
    return facts


def api_base(contract: str) -> str:
    """Where a contract is served: the configured base; on the live host each contract has its own."""
    base = PHONEPE_API_BASE_URL().rstrip("/")
    return _LIVE_BASE[contract] if base in _LIVE_BASE.values() else base


def auth_base() -> str:
    """Where V2's tokens come from."""
    return PHONEPE_AUTH_BASE_URL().rstrip("/")


def path(contract: str, purpose: str, **names: str) -> str:
    """The path of a call (PAY, STATUS, REFUND, REFUND_STATUS), ids filled in.

    A configured path is the configured contract's; the other one keeps its own: its open orders are still followed.
    """
    own = _CONFIGURED[purpose]() if contract == PHONEPE_CONTRACT() else ""
    return (own or _PATHS[contract][purpose]).format(**names)


def deployment_problems() -> list[str]:
    """Why this configuration must not be deployed: production at a sandbox host, or the reverse (PAY-114)."""
    problems = []
    for setting in (PHONEPE_API_BASE_URL, PHONEPE_AUTH_BASE_URL):
        url = urlsplit(setting())
        host = url.hostname or ""
        if settings.STAGE() == PRODUCTION and (host != LIVE_HOST or url.scheme != "https"):
            problems.append(f"{setting.name}: stage {PRODUCTION} must use https://{LIVE_HOST}")
        if settings.STAGE() != PRODUCTION and host == LIVE_HOST:
            problems.append(f"{setting.name}: only stage {PRODUCTION} may use {LIVE_HOST}")
        if not settings.is_local() and host not in SANDBOX_HOSTS | {LIVE_HOST}:
            problems.append(f"{setting.name}: {host or 'nothing'} is no host of PhonePe")
    callback = urlsplit(PHONEPE_CALLBACK_URL())
    if not settings.is_local() and PHONEPE_CONTRACT() == V1 and callback.scheme != "https":
        problems.append("PHONEPE_CALLBACK_URL: must be the stage's own https address")
    return problems
