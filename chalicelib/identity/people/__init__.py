"""People: found, shown, corrected, blocked by staff; and how their accounts end."""

from chalicelib.identity.people.errors import AskASuperAdmin, DeletionDueNow, SubscriptionActive
from chalicelib.identity.people.items import DeletionDue

__all__ = ["AskASuperAdmin", "DeletionDue", "DeletionDueNow", "SubscriptionActive"]
