"""Every e-mail and SMS that the backend sends (LOC-09), read from its calls to SES and SNS."""

from __future__ import annotations

import base64
import json
import threading
from collections import deque
from collections.abc import Mapping
from email import message_from_bytes, policy
from typing import Any

from chalicelib.platform import clock
from chalicelib.platform.ids import new_ulid

KEPT = 2_000
_MAILS = frozenset({"SendEmail"})


class Mailbox:
    """Keeps what was sent, newest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._mails: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def take(self, service: str, operation: str, body: bytes) -> None:
        """Note a call that sends something; others pass by."""
        if service == "ses" and operation in _MAILS:
            self._add(_mail(json.loads(body)))
        elif service == "sns" and operation == "Publish":
            given = _form(body)
            if "PhoneNumber" in given:
                self._add({"channel": "SMS", "to": [given["PhoneNumber"]], "text": given.get("Message", "")})

    def _add(self, mail: dict[str, Any]) -> None:
        with self._lock:
            self._mails.appendleft({"id": new_ulid(), "at": clock.iso(clock.now()), **mail})

    def all(self, recipient: str | None = None) -> list[dict[str, Any]]:
        """All, or those whose recipient contains a text."""
        with self._lock:
            mails = list(self._mails)
        if not recipient:
            return mails
        wanted = recipient.casefold()
        return [mail for mail in mails if any(wanted in to.casefold() for to in mail["to"])]

    def find(self, mail_id: str) -> dict[str, Any] | None:
        """One by its id."""
        return next((mail for mail in self.all() if mail["id"] == mail_id), None)

    def clear(self) -> int:
        """Forget all; answers how many there were."""
        with self._lock:
            count = len(self._mails)
            self._mails.clear()
            return count


def _form(body: bytes) -> dict[str, str]:
    from urllib.parse import parse_qsl

    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _mail(given: Mapping[str, Any]) -> dict[str, Any]:
    destination = given.get("Destination", {})
    to = [one for kind in ("ToAddresses", "CcAddresses", "BccAddresses") for one in destination.get(kind, [])]
    content = given.get("Content", {})
    if "Raw" in content:
        raw = base64.b64decode(content["Raw"]["Data"])
        parsed = message_from_bytes(raw, policy=policy.default)
        plain, html = parsed.get_body(("plain",)), parsed.get_body(("html",))
        return {
            "channel": "EMAIL",
            "from": str(parsed["From"]),
            "to": to or [str(parsed["To"])],
            "subject": str(parsed["Subject"]),
            "text": plain.get_content() if plain else "",
            "html": html.get_content() if html else "",
            "raw": raw.decode("utf-8", "replace"),
        }
    simple = content.get("Simple", {})
    body = simple.get("Body", {})
    return {
        "channel": "EMAIL",
        "from": given.get("FromEmailAddress", ""),
        "to": to,
        "subject": simple.get("Subject", {}).get("Data", ""),
        "text": body.get("Text", {}).get("Data", ""),
        "html": body.get("Html", {}).get("Data", ""),
        "raw": json.dumps(given, indent=1, ensure_ascii=False),
    }
