"""What requests about entitlements take and answer."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from chalicelib.commerce.plans import Days, GrantKind, Scope, ScopeIds
from chalicelib.platform.http import Characters, Instant, QueryModel, RequestModel, ResponseModel
from chalicelib.platform.ids import Ulid

Reason = Annotated[str, Characters(3, 500, multiline=True)]


class EntitlementScope(Scope):
    """Ids that an entitlement is about; all empty: the whole kind."""

    test_ids: ScopeIds = ()


class GrantEntitlementRequest(RequestModel):
    """What to open, and until when. ``startsAt`` in the past means now."""

    kind: GrantKind
    scope: EntitlementScope = EntitlementScope()
    duration_days: Annotated[Days | None, Field(description="Default: 30, unless `endsAt` is given")] = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    reason: Reason


class RevokeEntitlementRequest(RequestModel):
    """Which entitlement, and why."""

    entitlement_id: Ulid
    reason: Reason


class EntitlementsQuery(QueryModel):
    """Which entitlements: those that count now or later, or all that ever were."""

    include_ended: bool = False


class NamedId(ResponseModel):
    """Something that an entitlement names; ``name`` is null for what is gone."""

    id: str
    name: str | None


class NamedScope(ResponseModel):
    """What an entitlement is limited to; all empty: the whole kind."""

    subjects: list[NamedId]
    topics: list[NamedId]
    notes: list[NamedId]
    tests: list[NamedId]


class OwnEntitlement(ResponseModel):
    """Something that is open now, until when."""

    kind: str
    scope: NamedScope
    ends_at: Instant


class OwnEntitlements(ResponseModel):
    """All that is open now."""

    items: list[OwnEntitlement]


class ScopeView(ResponseModel):
    """Ids that an entitlement is about; all empty: the whole kind."""

    subject_ids: list[str]
    topic_ids: list[str]
    note_ids: list[str]
    test_ids: list[str]


class EntitlementView(ResponseModel):
    """An entitlement as staff see it. ``status``: EFFECTIVE, UPCOMING, ENDED or REVOKED."""

    id: str
    user_id: str
    kind: str
    scope: ScopeView
    status: str
    starts_at: Instant
    ends_at: Instant
    source: str
    subscription_id: str | None
    merchant_transaction_id: str | None
    granted_by: str | None
    reason: str | None
    revoked_at: Instant | None
    revoked_by: str | None
    revoke_reason: str | None
    created_at: Instant


class StaffEntitlement(EntitlementView):
    """The same with who granted it."""

    granted_by_name: str | None


class EntitlementList(ResponseModel):
    """A person's entitlements, the newest first."""

    items: list[StaffEntitlement]


class ExplainedEntitlement(EntitlementView):
    """An entitlement and what it does for the thing.

    ``because``: COVERS_EVERYTHING, COVERS_KIND, COVERS_NOTE, COVERS_SUBJECT, COVERS_TOPIC, OTHER_KIND, OTHER_SCOPE,
    NOT_STARTED, ENDED or REVOKED.
    """

    covers: bool
    because: str


class ExplainedAccess(ResponseModel):
    """Whether somebody may open it, and what each of their entitlements has to do with that.

    ``policies``: ids of the policies that decided.
    """

    allowed: bool
    deny_reason: str = Field(description="`ALLOWED` when allowed")
    hint: str | None
    ended_at: Instant | None
    starts_at: Instant | None
    policies: list[str]
    entitlements: list[ExplainedEntitlement]
