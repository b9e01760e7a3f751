"""What a coupon says, and the rules that none breaks (CPN-10, CPN-16)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from chalicelib.platform.errors import problem
from chalicelib.platform.http import Characters, Instant, RequestModel
from chalicelib.platform.ids import Ulid

CODE_PATTERN = r"[A-Z0-9_-]{3,32}"
CURRENCY = "INR"
"""Every amount that a coupon names is in this currency."""
WHOLE_PERCENT = 100
MAX_PAISE = 100_000_000
MAX_ITEMS = 50

CouponType = Literal["PERCENT", "FLAT"]
CouponCode = Annotated[str, Characters(3, 32), Field(examples=["WELCOME10"])]
Value = Annotated[int, Field(ge=1, le=MAX_PAISE, examples=[10], description="Percent, or paise of a FLAT coupon")]
Amount = Annotated[int, Field(ge=1, le=MAX_PAISE)]
Uses = Annotated[int, Field(ge=1, le=10_000_000)]
PlanKeys = Annotated[tuple[Annotated[str, Characters(2, 40)], ...], Field(min_length=1, max_length=MAX_ITEMS)]
CourseIds = Annotated[tuple[Ulid, ...], Field(min_length=1, max_length=MAX_ITEMS)]
Description = Annotated[str, Characters(0, 255)]


def normal(text: str) -> str:
    """A code as it is kept: trimmed, in upper case (CPN-11)."""
    return text.strip().upper()


def is_code(code: str) -> bool:
    """Whether a text could be a coupon's code."""
    return re.fullmatch(CODE_PATTERN, code) is not None


class CouponTerms(RequestModel):
    """Everything that staff decide about a coupon, but its code. Amounts are in paise."""

    type: CouponType
    value: Value
    max_discount_paise: Amount | None = None
    min_order_paise: Amount | None = Field(default=None, description="Compared with the subtotal before discount")
    start_at: Instant
    end_at: Instant
    usage_limit_total: Uses | None = None
    usage_limit_per_user: Uses | None = Field(default=1, description="`null`: as often as one likes")
    plan_keys: PlanKeys | None = None
    course_ids: CourseIds | None = None
    first_purchase_only: bool = False
    is_active: bool = True
    description: Description | None = None

    @property
    def names_amounts(self) -> bool:
        """Whether it means rupees, and nothing in another currency."""
        return self.type == "FLAT" or self.max_discount_paise is not None or self.min_order_paise is not None

    def fits(self, kind: str, ref: str) -> bool:
        """Whether it is for that line; without a list of plans or courses it is for all."""
        if self.plan_keys is None and self.course_ids is None:
            return True
        if kind == "PLAN":
            return ref in (self.plan_keys or ())
        return kind == "COURSE" and ref in (self.course_ids or ())

    def stored(self) -> dict[str, Any]:
        """As the table and the audit trail keep it, by the names of the interface; no limit per user is kept as 0."""
        kept = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {**kept, "usageLimitPerUser": self.usage_limit_per_user or 0}

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> CouponTerms:
        """What ``stored`` made; other members are ignored."""
        names = {field.alias or name for name, field in cls.model_fields.items()}
        kept = {name: value for name, value in stored.items() if name in names}
        kept["usageLimitPerUser"] = kept.get("usageLimitPerUser") or None
        return cls.model_validate(kept, strict=False)


def broken_rules(terms: CouponTerms) -> Iterator[dict[str, str]]:
    """The rules between fields that the terms break, each as an entry of ``details``."""
    if terms.type == "PERCENT" and terms.value > WHOLE_PERCENT:
        yield problem("body.value", "TOO_MUCH", "a PERCENT coupon is of 1 to 100 percent")
    if terms.start_at >= terms.end_at:
        yield problem("body.endAt", "BEFORE_START", "must be after startAt")
    everything = terms.type == "PERCENT" and terms.value == WHOLE_PERCENT and terms.max_discount_paise is None
    if everything and terms.usage_limit_per_user is None:
        yield problem("body.usageLimitPerUser", "REQUIRED", "what makes things free has a limit per user")
    for name, listed in (("planKeys", terms.plan_keys), ("courseIds", terms.course_ids)):
        if listed is not None and len(set(listed)) < len(listed):
            yield problem(f"body.{name}", "DUPLICATE", "must name each once")
