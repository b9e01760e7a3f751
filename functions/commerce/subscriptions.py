"""What a student has, and may open."""

from __future__ import annotations

from chalicelib.commerce.subscriptions import access, entitled, history, summary
from chalicelib.commerce.subscriptions.entitlement_schemas import OwnEntitlements
from chalicelib.commerce.subscriptions.errors import NoSuchTest
from chalicelib.commerce.subscriptions.schemas import AccessAnswer, AccessQuery, MySubscription, OwnSubscription
from chalicelib.content.notes import NoteNotFound
from chalicelib.platform.http import Actions, Caller, Grant, ListQuery, Page, api

READS = [Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY]


@api.get("/v1/me/subscription", action=Actions.SUBSCRIPTIONS_READ, grants=READS)
def get_my_subscription(caller: Caller) -> MySubscription:
    """My subscription: what runs, what comes, what it opens, and my newest order.

    With several families running, `activeSubscription` is the one of the highest tier, then the one that ends last.
    """
    return summary.of(caller.card)


@api.get("/v1/me/subscriptions", action=Actions.SUBSCRIPTIONS_READ, grants=[*READS, Grant.SECRET_CURSOR])
def list_my_subscriptions(query: ListQuery, caller: Caller) -> Page[OwnSubscription]:
    """All my subscriptions, also those that are over, newest first, with the orders that they consist of."""
    return history.own(query, caller)


@api.get("/v1/me/entitlements", action=Actions.SUBSCRIPTIONS_READ, grants=READS)
def list_my_entitlements(caller: Caller) -> OwnEntitlements:
    """What is open to me now, until when, with the names of the subjects, topics and notes that it is limited to."""
    return entitled.own(caller.card)


@api.get("/v1/me/access", action=Actions.SUBSCRIPTIONS_READ, grants=READS, raises=[NoteNotFound, NoSuchTest])
def check_my_access(query: AccessQuery, caller: Caller) -> AccessAnswer:
    """Whether I may open a note, a test or practice, and if not, why and which plans would open it.

    Exactly one of `noteId`, `testId` and `feature`. What is unknown or unpublished is 404.
    """
    return access.check(query, caller)
