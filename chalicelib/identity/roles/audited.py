"""What is kept of changes of roles and of who holds them."""

from __future__ import annotations

from chalicelib.platform.audit import AuditAction

ROLE_CREATE = AuditAction("role.create", "A role was created")
ROLE_UPDATE = AuditAction("role.update", "A role's name, description or permissions changed")
ROLE_DELETE = AuditAction("role.delete", "A role was deleted")
ROLES_CHANGED = AuditAction("user.roles_changed", "Somebody was given other roles")
PERMISSIONS_CHANGED = AuditAction("user.permissions_changed", "Somebody was given exceptions from their roles")
CARD_REPAIRED = AuditAction(
    "user.card_repaired", "An access card said other than roles and grants do, and was repaired"
)
EVERYONE_REVOKED = AuditAction("access.revoke_everyone", "Everybody's sessions were ended")
