"""The whole document: paths, shared components, tags."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from chalicelib.platform.errors import ApiError
from chalicelib.platform.http.declared import errors_of
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.openapi.answers import HEADERS, error_example, refusals
from chalicelib.platform.http.openapi.examples import Examples
from chalicelib.platform.http.openapi.operations import HEADER_PARAMETERS, operation, request_id_parameter
from chalicelib.platform.http.openapi.schemas import Schemas

VERSION = "1.0.0"
ABOUT = """\
The backend of a coaching academy.

**Conventions.** JSON in and out, camelCase; unknown fields and unknown query parameters are refused. Ids are ULIDs.
Money is an integer in paise. Instants are UTC, ISO 8601 with milliseconds and `Z`.

**Errors.** Every answer over 399 is `{code, message, details?, requestId, timestamp}`. `code` is stable: act on it.

**Lists.** `limit` (1 to 100, default 20) and `cursor`; an answer is `{items, nextCursor}`, and `nextCursor` is null at
the end. A cursor opens only the list, caller and filters it was made for, and lives 24 hours.

**Versions.** What can be edited has a `version` and answers `ETag: "v<version>"`; `If-Match` makes a change
conditional.

**Signing in.** `Authorization: Bearer <access token>`. A 401 with `TOKEN_EXPIRED` alone means: refresh and try again.

**Browsers.** `OPTIONS` on every path answers 204 with the CORS headers of a listed origin.\
"""

_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token, 15 minutes"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": "ps_access",
        "description": "The same token as a cookie; changes then need a listed `Origin` and `X-CSRF-Token`",
    },
}


def document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these endpoints; preflights are described in its text."""
    listed = sorted((one for one in endpoints if one.method != "OPTIONS"), key=lambda one: (one.path, one.method))
    schemas = Schemas(listed)
    examples = Examples(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for endpoint in listed:
        place = paths.setdefault(endpoint.path, {"parameters": [{"$ref": "#/components/parameters/X-Request-Id"}]})
        place[endpoint.method.lower()] = operation(endpoint, schemas, examples)
        if endpoint.head:
            place["head"] = operation(endpoint, schemas, examples, head=True)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Pathshala", "version": VERSION, "description": ABOUT, "license": _LICENSE},
        "servers": [{"url": "/", "description": "This host"}],
        "tags": _tags(listed),
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "responses": refusals(listed),
            "parameters": _parameters(),
            "headers": HEADERS,
            "examples": _error_examples(listed),
            "securitySchemes": _SECURITY,
        },
    }


_LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}


def text(endpoints: Iterable[Endpoint]) -> str:
    """The document as it is committed and served: the same bytes for the same declarations."""
    return json.dumps(document(endpoints), ensure_ascii=False, indent=1, sort_keys=False) + "\n"


def _parameters() -> dict[str, Any]:
    found: dict[str, Any] = {"X-Request-Id": request_id_parameter(), **HEADER_PARAMETERS}
    found["Idempotency-Key-Required"] = {**HEADER_PARAMETERS["Idempotency-Key"], "required": True}
    return found


def _error_examples(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    errors: dict[str, type[ApiError]] = {error.code: error for one in endpoints for error in errors_of(one)}
    return {code: error_example(errors[code]) for code in sorted(errors)}


def _tags(endpoints: Iterable[Endpoint]) -> list[dict[str, str]]:
    """One tag a resource, described by the first line of the function module that is named after it."""
    found: dict[str, str] = {}
    for endpoint in sorted(endpoints, key=lambda one: one.module):
        about = (sys.modules[endpoint.module].__doc__ or endpoint.tag).strip().splitlines()[0]
        found.setdefault(endpoint.tag, about)
    return [{"name": name, "description": found[name]} for name in sorted(found)]
