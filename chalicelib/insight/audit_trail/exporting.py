"""The audit trail as CSV, in pages (AUD-04)."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta
from typing import NamedTuple

from chalicelib.insight.audit_trail.reading import trail_of
from chalicelib.insight.audit_trail.schemas import AuditEntryView, ExportQuery
from chalicelib.insight.audit_trail.showing import whole
from chalicelib.platform import audit, clock
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.http.lists import filters_of
from chalicelib.platform.http.periods import opened, sealed
from chalicelib.platform.store import Transaction

EXPORT = AuditAction("audit.export", "Audit entries were exported")
LIST = "audit.export"
MOST = timedelta(days=31)
MAX_BYTES = 4_500_000
"""As the answer travels, quoted as JSON; the platform takes 6 MB."""
COLUMNS = [
    *("id", "at", "actorUserId", "actorName", "actorKind", "actorUserType", "actorRoles"),
    *("action", "resourceType", "resourceId", "outcome", "reason"),
    *("requestId", "sessionId", "ip", "userAgent", "meta"),
]
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Export(NamedTuple):
    """One page: the text, and the cursor of the next."""

    text: str
    next_cursor: str | None


def export(query: ExportQuery, caller: Caller) -> Export:
    """At most 5,000 lines, the column names before the first page's. That it was read is an entry itself."""
    trail, place = trail_of(query, caller), opened(LIST, caller.user_id, query, usual=MOST, most=MOST)
    found = trail.read(place.period, query.limit, place.start)
    shown = whole(found.items)
    text, count = _text(shown.views(), headed=place.start is None)
    cut = count < len(shown.entries)
    following = trail.after(place.period, shown.entries[count - 1]) if cut else found.next_key
    asked = {name: str(value) for name, value in filters_of(query).items()}
    tx = Transaction()
    audit.write(tx, EXPORT, caller.user_id, by=caller, meta={"filters": asked, "lines": count})
    tx.commit()
    return Export(text, sealed(LIST, caller.user_id, query, place.period, following))


def _text(views: list[AuditEntryView], *, headed: bool) -> tuple[str, int]:
    """The lines that fit into an answer, and how many entries they are; at least one."""
    out, size, count = io.StringIO(newline=""), 0, 0
    writer = csv.writer(out)
    if headed:
        writer.writerow(COLUMNS)
    for view in views:
        line = io.StringIO(newline="")
        csv.writer(line).writerow([safe(cell) for cell in _cells(view)])
        size += len(json.dumps(line.getvalue(), ensure_ascii=False).encode())
        if count and size > MAX_BYTES:
            break
        out.write(line.getvalue())
        count += 1
    return out.getvalue(), count


def _cells(view: AuditEntryView) -> list[str]:
    facts = view.model_dump(by_alias=True)
    facts["at"] = clock.iso(view.at)
    facts["actorName"] = view.actor.name if view.actor else None
    facts["actorRoles"] = " ".join(view.actor_roles)
    facts["meta"] = json.dumps(view.meta, ensure_ascii=False, sort_keys=True) if view.meta else None
    return ["" if facts[name] is None else str(facts[name]) for name in COLUMNS]


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
