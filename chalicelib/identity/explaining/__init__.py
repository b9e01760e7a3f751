"""Decisions explained: why somebody may or may not do something, what is deployed, and which role reaches what."""
