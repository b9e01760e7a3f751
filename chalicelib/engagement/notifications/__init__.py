"""Notifications: what is said to people, how it is worded, and that it reaches them."""
