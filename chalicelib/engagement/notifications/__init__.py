"""Notifications: what is said to people, how it is worded, and that it reaches them."""

from chalicelib.engagement.notifications.held import SentMessage, sent_to

__all__ = ["SentMessage", "sent_to"]
