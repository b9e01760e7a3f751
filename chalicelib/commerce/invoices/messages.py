"""What the queues of invoices carry: ids, nothing else."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

SUCCEEDED = "SUCCEEDED"
"""The state of a refund that was paid out."""


class IssueRequest(BaseModel):
    """What an issuer is asked for: the invoice of an order, or the credit note of one of its refunds."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", defer_build=True)

    order_id: str
    user_id: str
    refund_id: str | None = None


class RenderRequest(BaseModel):
    """Whose PDF is to be made: an order's invoice, or the credit note of one of its refunds."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", defer_build=True)

    order_id: str
    refund_id: str | None = None
