"""What is written in the audit trail about invitations."""

from __future__ import annotations

from chalicelib.platform.audit import AuditAction

INVITE_CREATE = AuditAction("invite.create", "Somebody was invited")
INVITE_RESEND = AuditAction("invite.resend", "An invitation was sent again, with a new token")
INVITE_REVOKE = AuditAction("invite.revoke", "An invitation was taken back")
INVITE_ACCEPT = AuditAction("invite.accept", "An invitation was accepted")
INVITE_EXPIRE = AuditAction("invite.expire", "An invitation's time was over")
