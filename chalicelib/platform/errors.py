"""Errors are classes that carry status and code; a function lists those it can raise; one place renders them.

A domain declares its own::

    class PlanNotFound(ApiError):
        status = 404
        code = "PLAN_NOT_FOUND"
        message = "There is no such plan"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

Details = Mapping[str, Any] | Sequence[Mapping[str, Any]]


class ApiError(Exception):
    """An answer over 399. ``details`` is a list of ``{field, issue, message}`` or an object its page defines."""

    status: ClassVar[int]
    code: ClassVar[str]
    message: ClassVar[str]

    def __init__(
        self,
        details: Details | None = None,
        *,
        retry_after: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(self.code)
        self.details = details
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(max(1, retry_after))


class MalformedJson(ApiError):
    status = 400
    code = "MALFORMED_JSON"
    message = "The body is not a JSON object as this interface reads it"


class BodyRequired(ApiError):
    status = 400
    code = "BODY_REQUIRED"
    message = "This request needs a JSON body"


class HeaderInvalid(ApiError):
    status = 400
    code = "HEADER_INVALID"
    message = "A header has a form that this interface does not read"


class CursorInvalid(ApiError):
    status = 400
    code = "CURSOR_INVALID"
    message = "The cursor does not belong to this list, or is too old"


class IdempotencyKeyRequired(ApiError):
    status = 400
    code = "IDEMPOTENCY_KEY_REQUIRED"
    message = "This request needs the header Idempotency-Key"


class Unauthenticated(ApiError):
    """Base of the 401 answers; each says which challenge it is."""

    status = 401

    def __init__(self, details: Details | None = None, **keywords: Any) -> None:
        super().__init__(details, **keywords)
        self.headers.setdefault("WWW-Authenticate", 'Bearer realm="pathshala", error="invalid_token"')


class TokenMissing(Unauthenticated):
    code = "TOKEN_MISSING"
    message = "Sign in to do this"


class TokenInvalid(Unauthenticated):
    code = "TOKEN_INVALID"
    message = "The access token is not valid"


class TokenExpired(Unauthenticated):
    code = "TOKEN_EXPIRED"
    message = "The access token has expired; refresh it and try again"


class SessionRevoked(Unauthenticated):
    """``details``: ``{reason}`` where it is known what ended it: LIMIT, USER, ADMIN, PASSWORD (AUTH-54, AUTH-55)."""

    code = "SESSION_REVOKED"
    message = "This session has ended; sign in again"


class SignedInElsewhere(SessionRevoked):
    """What the phone shows that another sign-in signed out (AUTH-76)."""

    message = "You signed in on another device, so this one was signed out"


class ReauthRequired(Unauthenticated):
    code = "REAUTH_REQUIRED"
    message = "Prove once more that it is you: with your password, a code by e-mail or your second factor"


class Forbidden(ApiError):
    status = 403
    code = "FORBIDDEN"
    message = "You may not do this"


class AccountBlocked(ApiError):
    status = 403
    code = "ACCOUNT_BLOCKED"
    message = "This account is blocked"


class WrongUserType(ApiError):
    status = 403
    code = "WRONG_USER_TYPE"
    message = "This is not for your kind of account"


class NotProvisioned(ApiError):
    """Somebody whom the external provider vouches for, and who has no account here (AUTH-61)."""

    status = 403
    code = "NOT_PROVISIONED"
    message = "There is no account for this sign-in yet"


class MfaRequired(ApiError):
    status = 403
    code = "MFA_REQUIRED"
    message = "This needs a second factor"


class PasswordChangeRequired(ApiError):
    status = 403
    code = "PASSWORD_CHANGE_REQUIRED"
    message = "Set a new password before anything else"


class CsrfFailed(ApiError):
    status = 403
    code = "CSRF_FAILED"
    message = "The header X-CSRF-Token does not fit this session"


class OriginRefused(ApiError):
    status = 403
    code = "ORIGIN_REFUSED"
    message = "Requests with cookies are not accepted from this origin"


class RouteNotFound(ApiError):
    status = 404
    code = "ROUTE_NOT_FOUND"
    message = "There is no such path or method"


class Conflict(ApiError):
    status = 409
    code = "CONFLICT"
    message = "Something else changed this at the same moment; try again"


class IdempotencyInProgress(ApiError):
    status = 409
    code = "IDEMPOTENCY_IN_PROGRESS"
    message = "The first request with this Idempotency-Key is still running"


class VersionMismatch(ApiError):
    """``details``: ``{version}``, the version that is there now."""

    status = 412
    code = "VERSION_MISMATCH"
    message = "This was changed since you read it"


class BodyTooLarge(ApiError):
    status = 413
    code = "BODY_TOO_LARGE"
    message = "The body is larger than this interface accepts"


class UnsupportedMediaType(ApiError):
    status = 415
    code = "UNSUPPORTED_MEDIA_TYPE"
    message = "The body must be application/json"


class ValidationFailed(ApiError):
    """``details``: a list of ``{field, issue, message}``, all problems of the request."""

    status = 422
    code = "VALIDATION_FAILED"
    message = "Some fields break a rule"


class IdempotencyKeyReused(ApiError):
    status = 422
    code = "IDEMPOTENCY_KEY_REUSED"
    message = "This Idempotency-Key came before with another body"


class RateLimited(ApiError):
    status = 429
    code = "RATE_LIMITED"
    message = "Too many requests; wait and try again"


class Internal(ApiError):
    status = 500
    code = "INTERNAL"
    message = "Something went wrong on our side"


class UpstreamFailed(ApiError):
    status = 502
    code = "UPSTREAM_FAILED"
    message = "A service that this needs did not answer as it should"


class Unavailable(ApiError):
    status = 503
    code = "UNAVAILABLE"
    message = "This cannot be answered right now; try again"

    def __init__(self, details: Details | None = None, **keywords: Any) -> None:
        super().__init__(details, **{"retry_after": 1, **keywords})


class Maintenance(ApiError):
    status = 503
    code = "MAINTENANCE"
    message = "The academy is being maintained; come back in a few minutes"


class TimedOut(ApiError):
    status = 504
    code = "TIMED_OUT"
    message = "This took too long"


def problem(field: str, issue: str, message: str) -> dict[str, str]:
    """One entry of ``details``: which field, which rule, and a sentence for a person."""
    return {"field": field, "issue": issue, "message": message}


def invalid(field: str, issue: str, message: str) -> ValidationFailed:
    """A single field that breaks a rule, 422 ``VALIDATION_FAILED``."""
    return ValidationFailed([problem(field, issue, message)])
