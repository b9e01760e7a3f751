"""What people may do themselves."""

from __future__ import annotations

from chalicelib.identity.explaining.checking import checked
from chalicelib.identity.explaining.schemas import CheckAnswer, CheckRequest
from chalicelib.platform.http import Actions, Caller, Grant, api
from functions.access.things import THINGS


@api.post(
    "/v1/users/me/access/check",
    action=Actions.ACCESS_CHECK,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    examples={"checks": [{"action": "notes.open", "resourceType": "Note", "resourceId": "01JH8Z6V3N4Q5R6S7T8V9WXYZ0"}]},
)
def check_access(body: CheckRequest, caller: Caller) -> CheckAnswer:
    """Whether the caller may do up to 50 things, in their order: padlocks for a list.

    What is not there, or not the caller's to know of, is `NOT_FOUND`.
    """
    return checked(body.checks, caller, THINGS)
