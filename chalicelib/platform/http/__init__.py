"""What a function module needs to declare endpoints."""

from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.catalogue import Actions
from chalicelib.platform.grants import Grant
from chalicelib.platform.http.answers import Answer, Binary
from chalicelib.platform.http.endpoint import PathRule, api
from chalicelib.platform.http.idempotency import Idempotency
from chalicelib.platform.http.limits import Limits
from chalicelib.platform.http.models import (
    Characters,
    Instant,
    ListQuery,
    Page,
    QueryModel,
    RequestModel,
    ResponseModel,
    text,
)
from chalicelib.platform.http.request import Request

__all__ = [
    "Actions",
    "Answer",
    "Binary",
    "Caller",
    "Characters",
    "Grant",
    "Idempotency",
    "Instant",
    "Limits",
    "ListQuery",
    "Page",
    "PathRule",
    "QueryModel",
    "Request",
    "RequestModel",
    "ResponseModel",
    "api",
    "text",
]
