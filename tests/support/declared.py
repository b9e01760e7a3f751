"""What an endpoint's declaration lets it answer in a test."""

from __future__ import annotations

from chalicelib.platform.http import declared
from chalicelib.platform.http.endpoint import Endpoint

_GATEWAY = frozenset({500, 502, 504})
"""The document lists them, since the gateway may answer them; a test that meets one has found a fault."""


def errors_of(endpoint: Endpoint) -> set[tuple[int, str]]:
    """Status and code of every error that the endpoint can answer: its own and the pipeline's. Never 500."""
    own = {(error.status, error.code) for error in endpoint.raises}
    implied = {(error.status, error.code) for error in declared.errors_of(endpoint)}
    return own | {(status, code) for status, code in implied if status not in _GATEWAY}


def statuses_of(endpoint: Endpoint) -> set[int]:
    """The statuses of answers that are no errors, as the endpoint declares them."""
    return set(declared.statuses_of(endpoint))
