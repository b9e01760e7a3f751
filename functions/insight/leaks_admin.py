"""Leaks that are looked into."""

from __future__ import annotations

from chalicelib.content.files import AssetNotReady, AssetUnusable
from chalicelib.insight.security import leak_listing, leaks
from chalicelib.insight.security.errors import LeakCaseNotFound
from chalicelib.insight.security.items import LeakCase
from chalicelib.insight.security.leak_schemas import (
    LeakCaseChange,
    LeakCaseRow,
    LeakCasesQuery,
    LeakCaseView,
    NewLeakCase,
)
from chalicelib.insight.security.resources import LEAK_CASE
from chalicelib.platform.errors import Conflict, HeaderInvalid, VersionMismatch
from chalicelib.platform.http import Actions, Answer, Caller, Grant, Idempotency, Page, Request, api

_WRITES = (Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY)


@api.post(
    "/v1/admin/security/leak-cases",
    action=Actions.SECURITY_MANAGE,
    status=201,
    idempotency=Idempotency.OPTIONAL,
    grants=_WRITES,
    raises=[AssetNotReady, AssetUnusable, Conflict],
)
def open_leak_case(body: NewLeakCase, caller: Caller) -> Answer[LeakCaseView]:
    """Open a leak case; the fragments of trace codes are traced at once.

    People whom most fragments lead to come first among the candidates. While the case is not closed, the access log
    keeps who they are even if their accounts go.
    """
    case = leaks.create(body, caller)
    shown = leak_listing.show(case)
    return Answer(shown, version=1, location=f"/v1/admin/security/leak-cases/{case.id}")


@api.get(
    "/v1/admin/security/leak-cases",
    action=Actions.SECURITY_READ,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY, Grant.SECRET_CURSOR],
)
def list_leak_cases(query: LeakCasesQuery, caller: Caller) -> Page[LeakCaseRow]:
    """Leak cases of a status, or all; newest first."""
    return leak_listing.cases(query, caller.user_id)


@api.get(
    "/v1/admin/security/leak-cases/{leakCaseId}",
    action=Actions.SECURITY_READ,
    resource=LEAK_CASE,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[LeakCaseNotFound],
)
def get_leak_case(case: LeakCase) -> Answer[LeakCaseView]:
    """A leak case in full."""
    return Answer(leak_listing.show(case), version=int(case.version))


@api.patch(
    "/v1/admin/security/leak-cases/{leakCaseId}",
    action=Actions.SECURITY_MANAGE,
    resource=LEAK_CASE,
    grants=_WRITES,
    raises=[LeakCaseNotFound, AssetNotReady, AssetUnusable, VersionMismatch, HeaderInvalid, Conflict],
)
def change_leak_case(case: LeakCase, body: LeakCaseChange, caller: Caller, request: Request) -> Answer[LeakCaseView]:
    """Change a leak case, or record what was done.

    Only the members that are given change; lists replace the list, `actions` are added. Other fragments are traced
    anew.
    """
    changed = leaks.change(case, body, request.if_match(), caller)
    return Answer(leak_listing.show(changed), version=int(changed.version))
