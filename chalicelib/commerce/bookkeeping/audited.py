"""What the books write to the audit trail (PAY-111)."""

from __future__ import annotations

from chalicelib.platform.audit import AuditAction

LEDGER_ADJUST = AuditAction("ledger.adjust", "Staff corrected the ledger by a further entry")
SETTLEMENT_IMPORT = AuditAction("settlement.import", "Rows of a gateway's statement were taken into the books")
