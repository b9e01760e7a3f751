"""What can be wrong with a question to the audit trail."""

from __future__ import annotations

from chalicelib.platform.errors import ApiError


class AuditNotFound(ApiError):
    status = 404
    code = "AUDIT_NOT_FOUND"
    message = "There is no such audit entry"
