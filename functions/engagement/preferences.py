"""What people want to get."""

from __future__ import annotations

from chalicelib.engagement.notifications import preferences
from chalicelib.engagement.notifications.preference_schemas import Preferences, PreferencesPatch
from chalicelib.engagement.notifications.preferences import OWN_PREFERENCES
from chalicelib.identity.accounts import User, UserNotFound
from chalicelib.platform.errors import Conflict
from chalicelib.platform.http import Actions, Grant, Request, api


@api.get(
    "/v1/me/notification-preferences",
    action=Actions.PREFERENCES_MANAGE,
    resource=OWN_PREFERENCES,
    grants=[Grant.TABLE_READ, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound],
)
def get_notification_preferences(user: User, request: Request) -> Preferences:
    """What I want to get; the defaults, if I never said."""
    return Preferences.of(preferences.beside(request))


@api.patch(
    "/v1/me/notification-preferences",
    action=Actions.PREFERENCES_MANAGE,
    resource=OWN_PREFERENCES,
    grants=[Grant.TABLE_READ, Grant.TABLE_WRITE, Grant.SECRET_TOKENS_VERIFY],
    raises=[UserNotFound, Conflict],
    examples={"emailEnabled": True, "marketingEmailEnabled": False, "locale": "hi-IN"},
)
def update_notification_preferences(body: PreferencesPatch, user: User, request: Request) -> Preferences:
    """Change what I want to get. Codes, receipts and what concerns my account's safety come all the same.

    It counts for everything that is not sent yet. News are not for people under 18.
    """
    wanted = {name: getattr(body, name) for name in body.model_fields_set}
    return Preferences.of(preferences.change(user, preferences.beside(request), wanted))
