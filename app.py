"""The Chalice application: mounts the registry, nothing else. ``chalice local`` serves it.

A request goes, as the event it came as, to the same function object that the deployed Lambda runs; its answer goes back
as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.app import Chalice, Response

from chalicelib.platform import registry
from chalicelib.platform.http.endpoint import Endpoint

PREFLIGHT = "OPTIONS"


class Answered(Response):
    """A function's answer, which is already what the gateway takes: Chalice changes nothing of it."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__(body=answer["body"], status_code=answer["statusCode"])
        self.answer = answer

    def to_dict(self, binary_types: list[str] | None = None) -> dict[str, Any]:
        every: dict[str, list[str]] = self.answer["multiValueHeaders"]
        return {
            **self.answer,
            "headers": {name: values[0] for name, values in every.items() if len(values) == 1},
            "multiValueHeaders": {name: values for name, values in every.items() if len(values) > 1},
        }


def _view(application: Chalice, endpoint: Endpoint) -> Callable[..., Answered]:
    def view(**_: str) -> Answered:
        request = application.current_request
        assert request is not None
        return Answered(endpoint(request.to_original_event(), application.lambda_context))

    return view


def mount(application: Chalice) -> None:
    """One route per path and method; preflights of every path go to the endpoint that answers them."""
    registry.load_all()
    endpoints = list(registry.of(Endpoint))
    routes = {(one.path, method): one for one in endpoints if one.method != PREFLIGHT for method in one.methods}
    preflight = next((one for one in endpoints if one.method == PREFLIGHT), None)
    if preflight is not None:
        routes.update({(path, PREFLIGHT): preflight for path, _ in list(routes)})
    for (path, method), endpoint in routes.items():
        route = application.route(path, methods=[method], name=endpoint.name, content_types=["*/*"])
        route(_view(application, endpoint))


app = Chalice(app_name="pathshala", configure_logs=False)
mount(app)
