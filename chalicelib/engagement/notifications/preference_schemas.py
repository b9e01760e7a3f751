"""What the endpoints of preferences take and answer."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from chalicelib.engagement.notifications.items import Preference
from chalicelib.platform.http import Instant, RequestModel, ResponseModel

Locale = Literal["en-IN", "hi-IN"]
"""As in a profile."""


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class PreferencesPatch(RequestModel):
    """What to change; ``locale`` null: the language of the profile."""

    email_enabled: bool = Field(default=True, json_schema_extra=_without_default)
    marketing_email_enabled: bool = Field(default=False, json_schema_extra=_without_default)
    sms_enabled: bool = Field(default=True, json_schema_extra=_without_default)
    locale: Locale | None = None


class Preferences(ResponseModel):
    """What somebody wants to get.

    ``emailEnabled``: everything that is not owed. ``marketingEmailEnabled``: news, since ``marketingConsentAt`` (of an
    earlier consent, when it is off now), given at REGISTRATION or in the PREFERENCES. ``locale``: null: the profile's.
    """

    email_enabled: bool
    marketing_email_enabled: bool
    sms_enabled: bool
    locale: str | None
    updated_at: Instant | None
    marketing_consent_at: Instant | None
    marketing_consent_source: str | None

    @classmethod
    def of(cls, preference: Preference) -> Preferences:
        """Of an item, or of the defaults."""
        return cls(**{name: getattr(preference, name) for name in cls.model_fields})
