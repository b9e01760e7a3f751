"""What browsers ask before a request from another origin."""

from __future__ import annotations

from chalicelib.platform.http import Answer, Request, api
from chalicelib.platform.http.headers import cors


@api.options("/{proxy+}", public=True, status=204, in_maintenance=True, memory=128, timeout=5)
def preflight(request: Request) -> Answer[None]:
    """Say which methods and headers a listed origin may use, for any path.

    Neither signed in nor limited, and the table is not asked. An origin that is not listed gets no CORS header.
    """
    return Answer(None, headers=cors(request.headers.get("origin"), preflight=True))
