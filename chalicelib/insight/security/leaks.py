"""Leak cases (SHIELD-22): what was found where, whom the fragments lead to, what was done.

While a case is not closed, what the access log says of the people in it stays, even if their accounts go (SHIELD-54).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pynamodb.expressions.condition import Condition

from chalicelib.content import files
from chalicelib.content.notes import Note
from chalicelib.content.reading import shown
from chalicelib.content.shield import hold_log, release_log
from chalicelib.identity.accounts import User, user_key
from chalicelib.insight.security.errors import LeakCaseNotFound
from chalicelib.insight.security.items import LeakCase, LeakStatus
from chalicelib.insight.security.leak_schemas import MAX_EVIDENCE, DoneRequest, LeakCaseChange, NewLeakCase
from chalicelib.insight.security.tracing import MOST, Clues, fitting
from chalicelib.platform import audit, clock, store
from chalicelib.platform.access.caller import Caller
from chalicelib.platform.access.card import plain
from chalicelib.platform.audit import AuditAction
from chalicelib.platform.errors import Conflict, VersionMismatch, invalid
from chalicelib.platform.ids import new_ulid
from chalicelib.platform.store import Transaction, TransactionLost

CREATE = AuditAction("leakcase.create", "A leak case was opened")
UPDATE = AuditAction("leakcase.update", "A leak case was changed")

TRIES = 5
MAX_HELD = 20
"""Of so many people beside the suspect the log is kept: a transaction has room for no more."""
MAX_ACTIONS = 100
EVIDENCE = ("EVIDENCE_IMAGE",)
_REF = "LEAK"

Values = dict[str, Any]


def create(body: NewLeakCase, caller: Caller) -> LeakCase:
    """Open a case; its fragments are traced. Two round trips, and one a fragment.

    Raises ``AssetUnusable``, 422 for a note or person that there is not.
    """
    now, own_id = clock.now(), new_ulid()
    values: Values = {name: getattr(body, name) for name in NewLeakCase.model_fields}
    values |= {"status": LeakStatus.OPEN, "actions": [], "candidates": traced(body.fragments, body.note_id)}
    values |= {"created_by_user_id": caller.user_id, "created_at": now, "updated_at": now}
    case = _case(own_id, 1, values)
    tx = Transaction()
    tx.put(case, when=store.absent(LeakCase), name="case")
    _follow(tx, None, case)
    audit.write(tx, CREATE, own_id, by=caller, meta=_meta({}, _told(case)))
    try:
        tx.commit()
    except TransactionLost as lost:
        _raise_if_unknown(lost)
        raise Conflict from lost
    return case


def change(case: LeakCase, body: LeakCaseChange, expected: int | None, caller: Caller) -> LeakCase:
    """Change what is named, and add what was done; nothing new: as it was. One round trip, one a fragment that is new.

    ``expected`` is the version of ``If-Match``: ``VersionMismatch`` when another is there. Without it a change that
    others overtook is applied to what they left, then ``Conflict``. Other errors as ``create``.
    """
    for _ in range(TRIES):
        if expected is not None and expected != int(case.version):
            raise VersionMismatch({"version": int(case.version)})
        before = values_of(case)
        after = _changed(before, body, caller)
        if after == before:
            return case
        if any(after[name] != before[name] for name in ("fragments", "note_id")):
            after["candidates"] = traced(after["fragments"], after["note_id"])
        changed = _case(str(case.id), int(case.version) + 1, {**after, "updated_at": clock.now()})
        tx = Transaction()
        tx.put(changed, when=cast(Condition, LeakCase.version == case.version), name="case")
        _follow(tx, case, changed)
        meta = _meta(_told(case), _told(changed), done=[one.type for one in body.actions])
        audit.write(tx, UPDATE, str(case.id), by=caller, meta=meta)
        try:
            tx.commit()
        except TransactionLost as lost:
            if not lost.failed("case"):
                _raise_if_unknown(lost)
            case = _again(str(case.id))
            continue
        return changed
    raise Conflict


def traced(fragments: Sequence[str], note_id: str | None) -> list[Values]:
    """The issues that fit, those of people whom most fragments lead to first; at most 50. One query a fragment."""
    found: dict[str, Values] = {}
    for fragment in fragments:
        for row in fitting(Clues(trace_code=fragment, note_id=note_id)):
            facts = {name: str(row[name]) for name in ("user_id", "note_id", "view_session_id", "issued_at")}
            code = shown(str(row["trace_code"]))
            found.setdefault(code, {**facts, "trace_code": code, "matched": []})["matched"].append(fragment)
    by_person: dict[str, set[str]] = {}
    for one in found.values():
        by_person.setdefault(one["user_id"], set()).update(one["matched"])
    newest = sorted(found.values(), key=lambda one: str(one["issued_at"]), reverse=True)
    return sorted(newest, key=lambda one: -len(by_person[one["user_id"]]))[:MOST]


def values_of(case: LeakCase) -> Values:
    """A case as plain values, by attribute."""
    lists = ("evidence_asset_ids", "fragments")
    single = ("title", "source_url", "note_id", "suspect_user_id", "status", "notes", "created_by_user_id")
    return {
        **{name: getattr(case, name) for name in (*single, "created_at", "updated_at")},
        **{name: list(getattr(case, name)) for name in lists},
        "candidates": [plain(one) for one in case.candidates],
        "actions": [plain(one) for one in case.actions],
    }


def _changed(before: Values, body: LeakCaseChange, caller: Caller) -> Values:
    actions = [*before["actions"], *(_done(one, caller) for one in body.actions)]
    if len(actions) > MAX_ACTIONS:
        raise invalid("body.actions", "TOO_MANY", f"a case keeps at most {MAX_ACTIONS}")
    return {**before, **body.given(), "actions": actions}


def _done(one: DoneRequest, caller: Caller) -> Values:
    return {"type": one.type, "note": one.note, "at": clock.iso(clock.now()), "by_user_id": caller.user_id}


def _case(case_id: str, version: int, values: Values) -> LeakCase:
    case = LeakCase(*LeakCase.place(case_id), id=case_id, version=version, **values)
    case.held_user_ids = _people(values)
    case.index()
    return case


def _people(values: Mapping[str, Any]) -> list[str]:
    """Whose lines of the log a case needs: of nobody once it is closed."""
    if values["status"] == LeakStatus.CLOSED:
        return []
    candidates = list(dict.fromkeys(one["user_id"] for one in values["candidates"]))[:MAX_HELD]
    suspect = values["suspect_user_id"]
    return list(dict.fromkeys([*([suspect] if suspect else []), *candidates]))


def _follow(tx: Transaction, before: LeakCase | None, after: LeakCase) -> None:
    """What goes with a case: references of its evidence, holds on the log; and that what it newly names is there."""
    case_id = str(after.id)
    known = list(before.evidence_asset_ids) if before else []
    now = list(after.evidence_asset_ids)
    for position, asset_id in enumerate(now):
        if asset_id not in known:
            files.take(
                tx,
                asset_id,
                files.Place(_REF, case_id, audience=files.Audience.ADMIN),
                EVIDENCE,
                name=f"asset:{position}",
            )
    for asset_id in set(known) - set(now):
        files.release(tx, asset_id, _REF, case_id)
    held = set(before.held_user_ids) if before else set()
    for user_id in set(after.held_user_ids) - held:
        hold_log(tx, user_id, case_id)
    for user_id in held - set(after.held_user_ids):
        release_log(tx, user_id, case_id)
    if after.note_id and (before is None or before.note_id != after.note_id):
        tx.check(Note, Note.place(str(after.note_id)), store.present(Note), name="note")
    if after.suspect_user_id and (before is None or before.suspect_user_id != after.suspect_user_id):
        tx.check(User, user_key(str(after.suspect_user_id)), store.present(User), name="suspect")


def _raise_if_unknown(lost: TransactionLost) -> None:
    if lost.failed("note"):
        raise invalid("body.noteId", "UNKNOWN", "must be a note") from lost
    if lost.failed("suspect"):
        raise invalid("body.suspectUserId", "UNKNOWN", "must be somebody") from lost
    for position in range(MAX_EVIDENCE):
        if lost.failed(f"asset:{position}"):
            raise files.refusal(lost.item(f"asset:{position}"), f"body.evidenceAssetIds[{position}]") from lost


def _told(case: LeakCase) -> Values:
    """What the audit trail tells of a case: nothing that somebody wrote in free text but the title."""
    return {
        "title": case.title,
        "status": str(case.status),
        "noteId": case.note_id,
        "suspectUserId": case.suspect_user_id,
        "fragments": list(case.fragments),
        "evidenceAssetIds": list(case.evidence_asset_ids),
    }


def _meta(before: Values, after: Values, *, done: Sequence[str] = ()) -> Values:
    told: Values = {"changed": audit.changed(before, after)}
    return {**told, "done": list(done)} if done else told


def _again(case_id: str) -> LeakCase:
    found = store.get(LeakCase, LeakCase.place(case_id))
    if found is None:
        raise LeakCaseNotFound
    return found
