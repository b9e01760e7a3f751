"""The audit trail, for those who look into it."""

from __future__ import annotations

from chalicelib.insight.audit_trail import exporting, reading
from chalicelib.insight.audit_trail.errors import AuditNotFound
from chalicelib.insight.audit_trail.schemas import AuditActions, AuditEntryView, AuditQuery, ExportQuery
from chalicelib.platform.audit import AuditEntry
from chalicelib.platform.http import Actions, Binary, Caller, Grant, Limits, Page, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]


@api.get("/v1/admin/audit", action=Actions.ADMIN_AUDIT_LIST, grants=[*READS, Grant.SECRET_CURSOR])
def list_audit_entries(query: AuditQuery, caller: Caller) -> Page[AuditEntryView]:
    """Who changed what, when, from where; newest first.

    Without dates the last 7 days; at most 92. Filters that no index serves leave a page with fewer entries than
    `limit`, even none, and still with a `nextCursor`. With `actorUserId=me` any staff see what was done in their own
    name. The history of one thing (`resourceId`) follows a change within seconds.
    """
    return reading.entries(query, caller)


@api.get("/v1/admin/audit/actions", action=Actions.ADMIN_AUDIT_READ, grants=READS)
def list_audit_actions() -> AuditActions:
    """Every action that an entry can name."""
    return reading.every_action()


@api.get(
    "/v1/admin/audit/export.csv",
    action=Actions.ADMIN_AUDIT_READ,
    binary="text/csv",
    limits=[Limits.EXPORT],
    grants=[*READS, Grant.TABLE_WRITE, Grant.SECRET_CURSOR],
    memory=1024,
)
def export_audit(query: ExportQuery, caller: Caller) -> Binary:
    """Entries of at most 31 days as CSV.

    At most 5,000 lines; `X-Next-Cursor` is there when more follows. The first page begins with the column names. A cell
    that a spreadsheet would take for a formula begins with an apostrophe. The export is an entry itself.
    """
    page = exporting.export(query, caller)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    if page.next_cursor is not None:
        headers["X-Next-Cursor"] = page.next_cursor
    return Binary(page.text.encode("utf-8"), "text/csv; charset=utf-8", headers=headers)


@api.get(
    "/v1/admin/audit/{auditId}",
    action=Actions.ADMIN_AUDIT_READ,
    resource=reading.ENTRY,
    grants=READS,
    raises=[AuditNotFound],
)
def get_audit_entry(entry: AuditEntry) -> AuditEntryView:
    """One entry in full."""
    return reading.one(entry)
