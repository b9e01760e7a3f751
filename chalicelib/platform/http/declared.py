"""What an endpoint can answer: its own errors, and those that the pipeline implies for a declaration like its.

The document lists these, and the test client refuses an answer that is not among them (HTTP-50).
"""

from __future__ import annotations

from collections.abc import Iterator

from chalicelib.platform.errors import (
    AccountBlocked,
    ApiError,
    BodyRequired,
    BodyTooLarge,
    Conflict,
    CsrfFailed,
    CursorInvalid,
    Forbidden,
    HeaderInvalid,
    IdempotencyInProgress,
    IdempotencyKeyRequired,
    IdempotencyKeyReused,
    Internal,
    Maintenance,
    MalformedJson,
    MfaRequired,
    NotProvisioned,
    OriginRefused,
    PasswordChangeRequired,
    RateLimited,
    SessionRevoked,
    TimedOut,
    TokenExpired,
    TokenInvalid,
    TokenMissing,
    Unavailable,
    UnsupportedMediaType,
    UpstreamFailed,
    ValidationFailed,
    VersionMismatch,
    WrongUserType,
)
from chalicelib.platform.grants import Grant
from chalicelib.platform.http.endpoint import Endpoint
from chalicelib.platform.http.idempotency import Idempotency
from chalicelib.platform.http.models import ListQuery

Error = type[ApiError]


def errors_of(endpoint: Endpoint) -> tuple[Error, ...]:
    """Every error the endpoint can answer, by status and code."""
    found = {error.code: error for part in _PARTS for error in part(endpoint)}
    found.update({error.code: error for error in endpoint.raises})
    return tuple(sorted(found.values(), key=lambda error: (error.status, error.code)))


def codes_of(endpoint: Endpoint) -> dict[int, tuple[str, ...]]:
    """The same as codes by status."""
    found: dict[int, list[str]] = {}
    for error in errors_of(endpoint):
        found.setdefault(error.status, []).append(error.code)
    return {status: tuple(codes) for status, codes in found.items()}


def statuses_of(endpoint: Endpoint) -> tuple[int, ...]:
    """The statuses of its answers that are no errors."""
    return tuple(dict.fromkeys((endpoint.status, *endpoint.also)))


def takes_version(endpoint: Endpoint) -> bool:
    """Whether ``If-Match`` counts (HTTP-19): only such an endpoint can say that the version differs."""
    return VersionMismatch in endpoint.raises


def _always(_: Endpoint) -> Iterator[Error]:
    yield from (BodyTooLarge, ValidationFailed, RateLimited, Internal, UpstreamFailed, TimedOut)


def _upkeep(endpoint: Endpoint) -> Iterator[Error]:
    if not endpoint.in_maintenance:
        yield Maintenance
    if endpoint.signed_in or endpoint.grants or endpoint.limits or endpoint.resource is not None:
        yield Unavailable
    if Grant.TABLE_WRITE in endpoint.grants:
        yield Conflict


def _reading(endpoint: Endpoint) -> Iterator[Error]:
    if endpoint.takes_json:
        yield from (MalformedJson, UnsupportedMediaType)
    if endpoint.body_model is not None and endpoint.body_required:
        yield BodyRequired
    if endpoint.query_model is not None and issubclass(endpoint.query_model, ListQuery):
        yield CursorInvalid
    if takes_version(endpoint):
        yield HeaderInvalid
    if endpoint.path_rules:
        yield endpoint.missing()


def _idempotency(endpoint: Endpoint) -> Iterator[Error]:
    if endpoint.idempotency is Idempotency.NONE:
        return
    yield from (HeaderInvalid, IdempotencyInProgress, IdempotencyKeyReused)
    if endpoint.idempotency is Idempotency.REQUIRED:
        yield IdempotencyKeyRequired


def _access(endpoint: Endpoint) -> Iterator[Error]:
    if not endpoint.signed_in:
        return
    yield from (TokenInvalid, TokenExpired, SessionRevoked, AccountBlocked, NotProvisioned)
    if endpoint.method not in {"GET", "HEAD", "OPTIONS"}:
        yield from (CsrfFailed, OriginRefused)
    if endpoint.action is None:
        return
    yield from (TokenMissing, Forbidden, WrongUserType)
    if not endpoint.before_setup:
        yield from (MfaRequired, PasswordChangeRequired)


_PARTS = (_always, _upkeep, _reading, _idempotency, _access)
