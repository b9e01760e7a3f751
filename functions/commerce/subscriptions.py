"""What a student has, and may open."""

from __future__ import annotations

from chalicelib.commerce.subscriptions import access, summary
from chalicelib.commerce.subscriptions.errors import NoSuchTest
from chalicelib.commerce.subscriptions.schemas import AccessAnswer, AccessQuery, MySubscription
from chalicelib.content.notes import NoteNotFound
from chalicelib.platform.http import Actions, Caller, Grant, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]


@api.get("/v1/me/subscription", action=Actions.SUBSCRIPTIONS_READ, grants=READS)
def get_my_subscription(caller: Caller) -> MySubscription:
    """My subscription: what runs, what comes, what it opens, and my newest order.

    With several families running, `activeSubscription` is the one of the highest tier, then the one that ends last.
    """
    return summary.of(caller.card)


@api.get("/v1/me/access", action=Actions.SUBSCRIPTIONS_READ, grants=READS, raises=[NoteNotFound, NoSuchTest])
def check_my_access(query: AccessQuery, caller: Caller) -> AccessAnswer:
    """Whether I may open a note, a test or practice, and if not, why and which plans would open it.

    Exactly one of `noteId`, `testId` and `feature`. What is unknown or unpublished is 404.
    """
    return access.check(query, caller)
