"""From leaked pages to people."""

from __future__ import annotations

from chalicelib.content.reading import NoteViewSession
from chalicelib.insight.security import revoking, tracing, verifying
from chalicelib.insight.security.errors import ViewSessionNotFound
from chalicelib.insight.security.resources import VIEW_SESSION
from chalicelib.insight.security.schemas import Revoked, RevokeRequest
from chalicelib.insight.security.trace_schemas import Traced, TraceRequest, Verified, VerifyRequest
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Caller, Grant, api

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)


@api.post(
    "/v1/admin/security/watermarks/trace",
    action=Actions.SECURITY_MANAGE,
    grants=_WRITES,
)
def trace_watermark(body: TraceRequest, caller: Caller) -> Traced:
    """Whom a watermark names: who read which note, in which session, when and from where.

    By a trace code, whole or from its first four characters on with `?` for what cannot be read; by the user hash, the
    view session, or a note within at most 7 days. What is given together must all fit. At most 50, newest first. That
    it was asked is kept in the audit trail.
    """
    return tracing.trace(body, caller)


@api.post(
    "/v1/admin/security/watermarks/verify",
    action=Actions.SECURITY_MANAGE,
    grants=(*_WRITES, Grant.SECRET_WATERMARK),
)
def verify_watermark(body: VerifyRequest, caller: Caller) -> Verified:
    """Whether a watermark's facts are ours, exactly as they are.

    `payload` is what the viewer was given, `watermarkSignature` beside it. One changed letter, a member more or less:
    `valid` is false. That it was asked is kept in the audit trail.
    """
    return verifying.verify(body, caller)


@api.post(
    "/v1/admin/security/note-sessions/{viewSessionId}/revoke",
    action=Actions.SECURITY_MANAGE,
    resource=VIEW_SESSION,
    grants=_WRITES,
    raises=[ViewSessionNotFound, Conflict],
)
def revoke_view_session(session: NoteViewSession, body: RevokeRequest, caller: Caller) -> Revoked:
    """End somebody's view session; its next request is 401. One that has ended stays as it is."""
    return Revoked(revoked_at=revoking.revoke(session, by=caller, reason=body.reason))
