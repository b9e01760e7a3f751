"""What goes over the simulator's HTTP port, free of any server: requests in, replies out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

# The official SDKs and the sandbox put these before the contract's paths; checksums never include them.
HOST_PREFIXES = (
    "/apis/pg-sandbox",
    "/apis/identity-manager",
    "/apis/pg-ingestion",
    "/apis/hermes",
    "/apis/pg",
)

JsonObject = dict[str, Any]


@dataclass(frozen=True)
class Request:
    """One call. ``path`` is without host prefix and query; header names are lower case; a repeated query
    parameter keeps its first value, because an SDK sends ``details`` twice."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def form(self) -> dict[str, str]:
        """The fields of an ``application/x-www-form-urlencoded`` body."""
        text = self.body.decode("utf-8", errors="replace")
        return first_values(parse_qs(text, keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    """One answer; ``about`` is the merchant's order id it concerned, for the record of calls."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    about: str | None = None


def first_values(values: dict[str, list[str]]) -> dict[str, str]:
    return {name: items[0] for name, items in values.items()}


def without_prefix(path: str) -> str:
    """The contract's path of a request path."""
    for prefix in HOST_PREFIXES:
        if path.startswith(prefix + "/"):
            return path[len(prefix) :]
    return path


def json_reply(status: int, body: JsonObject, about: str | None = None) -> Reply:
    return Reply(status, json.dumps(body, separators=(",", ":")).encode(), about=about)


def refusal(status: int, code: str, message: str, about: str | None = None) -> Reply:
    """An error in the envelope which both contracts share: ``{success, code, message, data}``."""
    return json_reply(status, {"success": False, "code": code, "message": message, "data": {}}, about)


def bad_request(reason: str, about: str | None = None) -> Reply:
    text = f"Please check the inputs you have provided. [message = {reason}]"
    return refusal(400, "BAD_REQUEST", text, about)


def server_trouble(about: str | None = None) -> Reply:
    """What the gateway says when it is down itself."""
    text = "There is an error trying to process your transaction at the moment. Please try again in a while."
    return refusal(500, "INTERNAL_SERVER_ERROR", text, about)
