"""The audit trail as staff read it: who changed what, when, from where; and the history of one thing."""

from chalicelib.insight.audit_trail.items import AuditByResource

__all__ = ["AuditByResource"]
