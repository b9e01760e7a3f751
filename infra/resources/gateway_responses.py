"""What the gateway answers itself, in our envelope and with our headers (HTTP-21).

These answers say nothing about anybody. The gateway substitutes ``$context`` values in them and runs no code: it cannot
look an origin up in a list, and writes the time as ``$context.requestTime`` does.
"""

from __future__ import annotations

import json
from typing import Any

from chalicelib.platform import errors
from chalicelib.platform.errors import ApiError
from chalicelib.platform.http import headers
from infra.package.stages import Stage

RESPONSES: dict[str, type[ApiError]] = {
    "MISSING_AUTHENTICATION_TOKEN": errors.RouteNotFound,
    "RESOURCE_NOT_FOUND": errors.RouteNotFound,
    # No route of ours asks for AWS signatures: the gateway complains of them only on paths that it does not know, where
    # it takes a bearer token for a broken signature.
    "INVALID_SIGNATURE": errors.RouteNotFound,
    "EXPIRED_TOKEN": errors.RouteNotFound,
    "ACCESS_DENIED": errors.RouteNotFound,
    "UNAUTHORIZED": errors.TokenMissing,
    "INVALID_API_KEY": errors.Forbidden,
    "BAD_REQUEST_BODY": errors.MalformedJson,
    "BAD_REQUEST_PARAMETERS": errors.HeaderInvalid,
    "REQUEST_TOO_LARGE": errors.BodyTooLarge,
    "UNSUPPORTED_MEDIA_TYPE": errors.UnsupportedMediaType,
    "THROTTLED": errors.RateLimited,
    "QUOTA_EXCEEDED": errors.RateLimited,
    "WAF_FILTERED": errors.RateLimited,
    "INTEGRATION_FAILURE": errors.UpstreamFailed,
    "INTEGRATION_TIMEOUT": errors.TimedOut,
    "API_CONFIGURATION_ERROR": errors.UpstreamFailed,
    "AUTHORIZER_CONFIGURATION_ERROR": errors.UpstreamFailed,
    "AUTHORIZER_FAILURE": errors.UpstreamFailed,
    "DEFAULT_4XX": errors.HeaderInvalid,
    "DEFAULT_5XX": errors.Internal,
}
_RETRY_AFTER = {"THROTTLED": "1", "QUOTA_EXCEEDED": "60", "WAF_FILTERED": "60"}
EDGE = "WAF_FILTERED"
"""Made before the gateway gave the request an id."""


def _cors(stage: Stage) -> dict[str, str]:
    origins = [one.strip() for one in stage.environment.get("CORS_ORIGINS", "").split(",") if one.strip()]
    if not origins:
        return {}
    allowed = {"Access-Control-Expose-Headers": f"'{headers.EXPOSED_HEADERS}'"}
    if len(origins) == 1:
        allowed["Access-Control-Allow-Origin"] = f"'{origins[0]}'"
        if stage.environment.get("AUTH_TOKEN_DELIVERY", headers.AUTH_TOKEN_DELIVERY.default) != "body":
            allowed["Access-Control-Allow-Credentials"] = "'true'"
    else:
        # Whoever asks may read that there is no such path; never with their cookies.
        allowed["Access-Control-Allow-Origin"] = "method.request.header.Origin"
    return allowed


def _headers(kind: str, stage: Stage) -> dict[str, str]:
    # A static value stands between single quotes; those inside it are taken as they are.
    found = {name: f"'{value}'" for name, value in headers.SECURITY_HEADERS.items()}
    policy = stage.environment.get("CORP_POLICY", headers.CORP_POLICY.default)
    found["Cross-Origin-Resource-Policy"] = f"'{policy}'"
    found["Vary"] = "'Origin'"
    found.update(_cors(stage))
    found["X-Request-Id"] = "'edge'" if kind == EDGE else "context.requestId"
    if kind in _RETRY_AFTER:
        found["Retry-After"] = f"'{_RETRY_AFTER[kind]}'"
    return {f"gatewayresponse.header.{name}": value for name, value in sorted(found.items())}


def _template(kind: str, error: type[ApiError]) -> str:
    request_id = "edge" if kind == EDGE else "$context.requestId"
    envelope = {
        "code": error.code,
        "message": error.message,
        "requestId": request_id,
        "timestamp": "$context.requestTime",
    }
    return json.dumps(envelope, separators=(",", ":"))


def gateway_responses(stage: Stage) -> dict[str, Any]:
    """``x-amazon-apigateway-gateway-responses`` of the API's definition."""
    return {
        kind: {
            "statusCode": str(error.status),
            "responseParameters": _headers(kind, stage),
            "responseTemplates": {"application/json": _template(kind, error)},
        }
        for kind, error in RESPONSES.items()
    }
