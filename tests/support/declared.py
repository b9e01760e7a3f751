"""What an endpoint's declaration lets it answer."""

from __future__ import annotations

from chalicelib.platform import errors
from chalicelib.platform.errors import ApiError
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.idempotency import Idempotency
from chalicelib.platform.http.models import ListQuery

_ALWAYS: tuple[type[ApiError], ...] = (
    errors.RouteNotFound,
    errors.BodyTooLarge,
    errors.HeaderInvalid,
    errors.ValidationFailed,
    errors.RateLimited,
    errors.Maintenance,
    errors.Unavailable,
    errors.Conflict,
)
_WITH_BODY = (errors.MalformedJson, errors.BodyRequired, errors.UnsupportedMediaType)
_SIGNED_IN = (
    errors.TokenMissing,
    errors.TokenInvalid,
    errors.TokenExpired,
    errors.SessionRevoked,
    errors.AccountBlocked,
    errors.CsrfFailed,
    errors.OriginRefused,
)
_WITH_ACTION = (errors.Forbidden, errors.WrongUserType, errors.MfaRequired)
_WITH_KEY = (errors.IdempotencyInProgress, errors.IdempotencyKeyReused, errors.IdempotencyKeyRequired)


def errors_of(endpoint: Endpoint) -> set[tuple[int, str]]:
    """Status and code of every error that the endpoint can answer: its own and the pipeline's. Never 500."""
    found: set[type[ApiError]] = {*_ALWAYS, *endpoint.raises}
    if endpoint.body_model is not None:
        found.update(_WITH_BODY)
    if endpoint.signed_in:
        found.update(_SIGNED_IN)
    if endpoint.action is not None:
        found.update(_WITH_ACTION)
    if endpoint.resource is not None:
        found.add(endpoint.resource.missing)
    if endpoint.idempotency is not Idempotency.NONE:
        found.update(_WITH_KEY)
    if endpoint.query_model is not None and issubclass(endpoint.query_model, ListQuery):
        found.add(errors.CursorInvalid)
    return {(error.status, error.code) for error in found}


def statuses_of(endpoint: Endpoint) -> set[int]:
    """The statuses under 400 that the endpoint declares."""
    return {endpoint.status, *endpoint.also}
