"""Answers and errors as the gateway takes them: the one place where errors become JSON (HTTP-20)."""

from __future__ import annotations

import base64
import json
from typing import Any

from pydantic import BaseModel

from chalicelib.platform import clock
from chalicelib.platform.errors import ApiError
from chalicelib.platform.http.answers import Answer, Binary, Rendered

JSON = "application/json"
_NO_CONTENT = 204
_TEXT_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")


def render(answered: BaseModel | Answer[Any] | Binary | None, status: int) -> Rendered:
    """What a function returned; ``status`` is the declared one."""
    if isinstance(answered, Binary):
        return _binary(answered)
    if isinstance(answered, Answer):
        rendered = render(answered.body, answered.status or status)
        rendered.headers.update(answered.headers)
        rendered.cookies = list(answered.cookies)
        if answered.location is not None:
            rendered.headers["Location"] = answered.location
        if answered.version is not None:
            rendered.headers["ETag"] = f'"v{answered.version}"'
        return rendered
    if answered is None:
        return Rendered(status if status in (202, 204, 304) else _NO_CONTENT, {})
    body = answered.model_dump_json(by_alias=True)
    return Rendered(status, {"Content-Type": JSON}, body)


def _binary(answered: Binary) -> Rendered:
    headers = {"Content-Type": answered.content_type, **answered.headers}
    if not answered.content:
        return Rendered(answered.status, headers)
    if answered.content_type.startswith(_TEXT_TYPES):
        return Rendered(answered.status, headers, answered.content.decode("utf-8"))
    return Rendered(answered.status, headers, base64.b64encode(answered.content).decode("ascii"), is_base64=True)


def envelope(error: ApiError, request_id: str) -> dict[str, Any]:
    """``{code, message, details?, requestId, timestamp}``."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.details is not None:
        body["details"] = error.details
    return {**body, "requestId": request_id, "timestamp": clock.iso(clock.now())}


def render_error(error: ApiError, request_id: str) -> Rendered:
    """An error as its answer."""
    body = json.dumps(envelope(error, request_id), ensure_ascii=False, default=str)
    return Rendered(error.status, {"Content-Type": JSON, **error.headers}, body)
